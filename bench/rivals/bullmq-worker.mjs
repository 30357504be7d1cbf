// A BullMQ worker process: PORT QUEUE OPTIONS
import { Worker } from 'bullmq';
import { crashing, crashOrTell, noop, survive } from './tasks.mjs';

const [, , port, queue, options] = process.argv;
const call = { noop, survive, crashing, crashOrTell };
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const worker = new Worker(queue, async ({ name, data }) => call[name](data.value), {
  connection,
  ...JSON.parse(options),
});
await worker.waitUntilReady();
process.send('ready');
process.once('disconnect', () => process.exit());
