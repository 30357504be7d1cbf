import { fileURLToPath } from 'node:url';

/** The folder that `npm run build` makes: the page and the drawings are in it. */
export const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
