// Builds dist, unless it was built from the same files. Remove dist to build it in any case.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Elk from 'elkjs';

const ROOT = new URL('../', import.meta.url);
const DIST = new URL('dist/', ROOT);
/** What dist was built from. It is not a part of the package. */
const STAMP = new URL('.built-from', DIST);

/** What dist depends on. The lock file stands for the compiler and the libraries that are built into the page. */
const INPUTS = [
  'src',
  'scripts/build.mjs',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'vite.config.ts',
];

/** @returns the paths of the files in a folder, or the path of a file */
function* filesOf(path) {
  if (!statSync(new URL(path, ROOT)).isDirectory()) yield path;
  else for (const name of readdirSync(new URL(path, ROOT)).sort()) yield* filesOf(`${path}/${name}`);
}

function digest() {
  const hash = createHash('sha256');
  for (const input of INPUTS)
    for (const path of filesOf(input)) {
      const bytes = readFileSync(new URL(path, ROOT));
      hash.update(`${path} ${bytes.length}\n`).update(bytes);
    }
  return hash.digest('hex');
}

function run(...command) {
  const { status } = spawnSync('npx', command, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

/** The layout library is large, and is not needed when the machines are compiled. */
async function draw() {
  const { chartFiles } = await import(new URL('charts/files.js', DIST));
  const elk = new Elk();
  for (const [name, text] of await chartFiles((graph) => elk.layout(graph)))
    writeFileSync(new URL(`charts/${name}`, DIST), text);
}

const builtFrom = digest();
if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== builtFrom) {
  // No module that was renamed remains.
  rmSync(DIST, { recursive: true, force: true });
  run('tsc', '-p', 'tsconfig.build.json');
  run('vite', 'build', '--logLevel', 'warn');
  // The compiler does not set file modes, and `npx sleigh` runs the command as a program.
  chmodSync(new URL('cli/main.js', DIST), 0o755);
  await draw();
  writeFileSync(STAMP, builtFrom);
}
