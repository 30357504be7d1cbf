import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';

// In the package several modules are one file. Here each is a file of its own, as in `src`, so that one can be changed alone.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The compiler needs it for `using`, which this version of Node may lack. */
const USING_HELPER = new URL('using-helper.mjs', import.meta.url).href;

/** @returns the path of the module that is built from a source file: `dist/client/clock.js` of `src/client/clock.ts` */
export const builtFile = (file: string): string =>
  join('dist', file.replace(/^src\//, '').replace(/\.ts$/, '.js'));

/** @returns the module that is built from the text of a source file */
export async function builtModule(file: string, text: string): Promise<string> {
  const { code } = await transformWithOxc(text, file, { target: 'es2023' });
  return code
    .replaceAll(/(from |import\()(["'])(\.[^"']*)\.ts\2/g, '$1$2$3.js$2')
    .replaceAll('"@oxc-project/runtime/helpers/usingCtx"', JSON.stringify(USING_HELPER));
}

/** Builds all modules of the server, the client and the commands below a folder. */
export async function writeModules(folder: string): Promise<void> {
  const paths = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  for (const path of paths.filter((each) => each.endsWith('.ts') && !each.startsWith('page/'))) {
    const file = join('src', path);
    const built = join(folder, builtFile(file));
    mkdirSync(dirname(built), { recursive: true });
    writeFileSync(built, await builtModule(file, readFileSync(join(ROOT, file), 'utf8')));
  }
}
