// Builds dist, unless it was built from the same files. Remove dist to build it in any case.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Elk from 'elkjs';
import { build } from 'vite';

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

async function run(...command) {
  const [status] = await once(spawn('npx', command, { cwd: ROOT, stdio: 'inherit' }), 'close');
  if (status !== 0) process.exit(1);
}

/** What the package exports, and the programs that it starts. */
const ENTRIES = [
  'index',
  'client/index',
  'verify/index',
  'cli/main',
  'client/sentinel/sentinel-program',
  'client/worker/worker-program',
  'client/worker/watchdog',
];
/** What the tests, benchmarks and scripts of this project load besides, from programs that Node runs as they are. */
const FOR_THIS_PROJECT = [
  'actors/actor',
  'actors/compiled',
  'charts/files',
  'charts/pages',
  'client/connection/connection',
  'client/task/module-function',
  'client/worker/worker',
  'machines/bind',
  'machines/connection',
  'machines/join-phase',
  'machines/sentinel',
  'machines/shutdown',
  'machines/sleigh',
  'machines/worker',
  'server',
  'verify/protocol-client',
];

/**
 * Modules that are always loaded together become one file: a program that loads hundreds of small files starts much later.
 * Libraries are not part of the files.
 */
const bundle = () =>
  build({
    configFile: false,
    root: fileURLToPath(ROOT),
    logLevel: 'warn',
    build: {
      ssr: true,
      outDir: 'dist',
      emptyOutDir: false,
      target: 'es2023',
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input: Object.fromEntries([...ENTRIES, ...FOR_THIS_PROJECT].map((name) => [name, `src/${name}.ts`])),
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
      },
    },
  });

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
  await Promise.all([
    run('tsc', '-p', 'tsconfig.build.json', '--checkers', '1'),
    run('vite', 'build', '--logLevel', 'warn'),
    bundle(),
  ]);
  // The compiler does not set file modes, and `npx sleigh` runs the command as a program.
  chmodSync(new URL('cli/main.js', DIST), 0o755);
  await draw();
  writeFileSync(STAMP, builtFrom);
}
