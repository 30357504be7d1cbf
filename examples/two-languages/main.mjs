// Two languages in one workspace: this program sends requests in JavaScript, and factorials.py replies in Python. The
// values are direct strings, which every client of NetWorkSpaces can read.
//
//   node examples/two-languages/main.mjs [PYTHON]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createServer, NetWorkSpace } from 'sleigh';

const [python = 'python3'] = process.argv.slice(2);
if (spawnSync(python, ['--version']).error !== undefined) {
  console.log(`skipped: there is no ${python} here`);
  process.exit();
}

const server = await createServer({ port: 0, logLevel: 'error' });
const workspace = await NetWorkSpace.open('factorials', { port: server.port });
const questions = workspace.variable('questions', 'fifo');
const answers = workspace.variable('answers', 'fifo');

const program = fileURLToPath(new URL('./factorials.py', import.meta.url));
const child = spawn(python, [program, String(server.port), workspace.name], { stdio: 'inherit' });
const ended = once(child, 'exit').then(([status]) => {
  if (status !== 0) throw new Error(`${python} ended with status ${status}`);
});

for (const n of ['5', '30', 'π']) {
  await questions.store(n);
  // Whoever dies does not leave the other one waiting.
  console.log(await Promise.race([answers.fetch(), ended]));
}
await questions.store('');
await ended;
workspace.close();
await server.close();
