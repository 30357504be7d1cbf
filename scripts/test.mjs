// npm test, as CI runs it. Formatter, types and linter run in parallel with the build and the tests, so that no
// processor is idle.
//   npm test [-- FILES OR FOLDERS, and flags of vitest]
import { spawn } from 'node:child_process';

/** @returns whether it succeeded; with `quiet` its output is printed at its end, because others print meanwhile */
function run(command, args, { quiet = false } = {}) {
  const child = spawn(command, args, { stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => said.push(bytes));
  return new Promise((resolve) => {
    child.on('error', (error) => said.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (status) => {
      process.stdout.write(Buffer.concat(said));
      resolve(status === 0);
    });
  });
}

// The compiler and the linter are written in Go: with fewer collections of garbage they leave more to the tests.
process.env.GOGC ??= '400';
const checked = run('npm', ['run', '--silent', 'check'], { quiet: true });
const tested =
  (await run('npm', ['run', '--silent', 'build'])) &&
  (await run('npx', ['vitest', 'run', ...process.argv.slice(2)]));
const results = { 'npm run check': await checked, 'the build and the tests': tested };
const failed = Object.keys(results).filter((name) => !results[name]);
if (failed.length > 0) console.error(`npm test: failed: ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
