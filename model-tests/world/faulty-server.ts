import { copyFileSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SHARED_FOLDER } from '../../test/support/shared-folder.ts';
import { builtFile, builtModule, writeModules } from '../../test/support/single-modules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One change of a source file: the first place of a text becomes another text. */
export interface ServerFault {
  /** `src/workspace/barrier.ts` */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Builds a copy of the programs with one change. It is removed after all tests.
 * @returns variables of the environment with which a program of `dist` is that of the copy
 * @throws if the file does not contain the text any more
 */
export async function faultyServer({
  file,
  from,
  to,
}: ServerFault): Promise<Readonly<Record<string, string>>> {
  const text = readFileSync(join(ROOT, file), 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not contain: ${from}`);
  const folder = mkdtempSync(join(process.env[SHARED_FOLDER] ?? tmpdir(), 'faulty-server-'));
  await writeModules(folder);
  writeFileSync(
    join(folder, builtFile(file)),
    await builtModule(
      file,
      text.replace(from, () => to),
    ),
  );
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'dist/page'), join(folder, 'dist/page'));
  return {
    FAULTY_COPY: folder,
    NODE_OPTIONS: `--import=${new URL('copied-program.mjs', import.meta.url).href}`,
  };
}
