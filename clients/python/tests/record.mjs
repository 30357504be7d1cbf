// Records the conversations of this client with a server of this checkout, for test/conformance/cases/python.json:
//   node clients/python/tests/record.mjs
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createServer } from '../../../dist/index.js';
import { execute } from '../../../test/conformance/replay.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const server = await createServer({ port: 0, logLevel: 'error' });

const child = spawn('python3', ['-m', 'tests.conversations', `127.0.0.1:${server.port}`], {
  cwd: root,
  env: { ...process.env, PYTHONPATH: 'src' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const cases = JSON.parse(await text(child.stdout));
for (const each of cases) await execute(each, server, (step, reply) => (step.reply = reply));
await server.close();
writeFileSync(
  new URL('../../../test/conformance/cases/python.json', import.meta.url),
  `${JSON.stringify(cases, null, 1)}\n`,
);
console.log(`recorded ${cases.length} conversations`);
