// A server that reports its resources: FOLDER for large values. Started with --expose-gc.
import { readdirSync } from 'node:fs';
import { pino } from 'pino';
import { createServer } from '../../dist/index.js';

/** Lines of the log: faults of the server, and steps that its machines do not allow. */
const errors = [];

const server = await createServer({
  port: 0,
  tmpDir: process.argv[2],
  logger: pino({ level: 'error' }, { write: (line) => errors.push(line) }),
  verify: true,
  limits: { longValueBytes: 100_000 },
});
process.on('disconnect', () => process.exit());
process.on('message', () => {
  globalThis.gc();
  process.send({
    heap: process.memoryUsage().heapUsed + process.memoryUsage().external,
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    files: readdirSync(process.argv[2]).length,
    errors,
  });
});
process.send({ port: server.port });
