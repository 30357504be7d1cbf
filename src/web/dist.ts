import { fileURLToPath } from 'node:url';

/** The folder that `npm run build` creates. It contains the page and the drawings. */
export const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
