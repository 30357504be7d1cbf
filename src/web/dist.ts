import { fileURLToPath } from 'node:url';
import { packageFile } from '../client/package-file.ts';

/** @returns the folder that `npm run build` creates; it contains the page and the drawings */
export const distFolder = (): string => fileURLToPath(packageFile('dist'));
