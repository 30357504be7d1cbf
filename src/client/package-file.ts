import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROCESS } from './errors/job.ts';

/** A program of this package cannot be started. The message says why, and what to do. */
export class PackageFileError extends Error {
  override readonly name = 'PackageFileError';
}

/**
 * The programs that run beside this one (workers, sentinels, the private server) are files of this package. Their
 * relative path is the same from `dist` and from `src`. A bundler moves this module; then the files are those of the
 * installed package.
 * @param file the path below `dist`: `client/worker/worker-program.js`
 * @throws PackageFileError
 */
export function packageFile(file: string): URL {
  // Bundles in CommonJS have no `import.meta.url`.
  const here: string | undefined = import.meta.url;
  const beside = here === undefined ? undefined : new URL(`../../dist/${file}`, here);
  if (beside !== undefined && existsSync(beside)) return beside;
  const from = here ?? pathToFileURL(process.argv[1] ?? join(process.cwd(), 'bundle.js')).href;
  try {
    const manifest = pathToFileURL(createRequire(from).resolve('sleigh/package.json'));
    const installed = new URL(`dist/${file}`, manifest);
    if (existsSync(installed)) return installed;
  } catch {
    // The package is not installed there.
  }
  throw new PackageFileError(PROCESS.noPackageFile(file, from).message);
}
