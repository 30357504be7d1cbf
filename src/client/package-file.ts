import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROCESS } from './errors/job.ts';

/** A file that no other package has. */
const OWN_FILE = 'dist/client/worker/worker-program.js';

/** A file of this package is not found. The message says why, and what to do. */
export class PackageFileError extends Error {
  override readonly name = 'PackageFileError';
}

/** Bundles in CommonJS have no `import.meta.url`. */
const HERE: string | undefined = import.meta.url;

/** The folder of this package, if this module is in it; undefined if a bundler has made it a part of another program. */
export const PACKAGE_FOLDER: URL | undefined = HERE?.startsWith('file:')
  ? packageAbove(new URL('.', HERE))
  : undefined;

function packageAbove(folder: URL): URL | undefined {
  if (existsSync(new URL(OWN_FILE, folder))) return folder;
  const above = new URL('..', folder);
  return above.href === folder.href ? undefined : packageAbove(above);
}

/**
 * The programs that run beside this one (workers, sentinels, the private server), the page and the drawings are files of
 * this package. If a bundler has moved this module, they are those of the installed package.
 * @param file its path in the package: `dist/client/worker/worker-program.js`
 * @throws PackageFileError
 */
export function packageFile(file: string): URL {
  const beside = PACKAGE_FOLDER === undefined ? undefined : new URL(file, PACKAGE_FOLDER);
  if (beside !== undefined && existsSync(beside)) return beside;
  const from = HERE ?? pathToFileURL(process.argv[1] ?? join(process.cwd(), 'bundle.js')).href;
  try {
    const installed = new URL(file, pathToFileURL(createRequire(from).resolve('sleigh/package.json')));
    if (existsSync(installed)) return installed;
  } catch {
    // The package is not installed there.
  }
  throw new PackageFileError(PROCESS.noPackageFile(file, from).message);
}
