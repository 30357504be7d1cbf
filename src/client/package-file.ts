import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROCESS } from './errors/job.ts';

const MANIFEST = 'package.json';
const NAME = 'sleigh';

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
  const manifest = new URL(MANIFEST, folder);
  if (existsSync(manifest)) return nameIn(manifest) === NAME ? folder : undefined;
  const above = new URL('..', folder);
  return above.href === folder.href ? undefined : packageAbove(above);
}

function nameIn(manifest: URL): unknown {
  const found: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  return typeof found === 'object' && found !== null && 'name' in found ? found.name : undefined;
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
    const installed = new URL(file, pathToFileURL(createRequire(from).resolve(`${NAME}/${MANIFEST}`)));
    if (existsSync(installed)) return installed;
  } catch {
    // The package is not installed there.
  }
  throw new PackageFileError(PROCESS.noPackageFile(file, from).message);
}
