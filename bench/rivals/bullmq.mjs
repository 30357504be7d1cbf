import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue, QueueEvents } from 'bullmq';
import { closedLoop, crashLoop } from './closed-loop.mjs';
import { startRedis } from './redis.mjs';

const WORKER = fileURLToPath(new URL('bullmq-worker.mjs', import.meta.url));
const NAME = 'bench';
/** Completed jobs are removed. */
const JOB = { removeOnComplete: true, removeOnFail: true };
/** Jobs per call of `addBulk`. */
const BULK = 500;

/** @param workerOptions of BullMQ's Worker, such as how soon a job of a dead worker is found */
export async function start({ workers, persistence, redis: program, workerOptions = {} }) {
  const redis = await startRedis(persistence, program);
  const connection = { host: '127.0.0.1', port: redis.port };
  const queue = new Queue(NAME, { connection });
  const events = new QueueEvents(NAME, { connection });
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const args = [String(redis.port), NAME, JSON.stringify(workerOptions)];
  // BullMQ does not supervise worker processes: this program restarts them at once.
  const children = new Set();
  let isStopping = false;
  const startWorker = () => {
    const child = fork(WORKER, args);
    children.add(child);
    child.once('exit', () => {
      children.delete(child);
      if (!isStopping) void startWorker();
    });
    return once(child, 'message');
  };
  await Promise.all(Array.from({ length: workers }, startWorker));

  // Cheaper than `waitUntilFinished`, which sends one more request per job.
  const waiting = new Map();
  const early = new Map();
  events.on('completed', ({ jobId, returnvalue }) => {
    const resolve = waiting.get(jobId);
    if (resolve === undefined) early.set(jobId, returnvalue);
    else resolve(returnvalue);
    waiting.delete(jobId);
  });
  // The error of a job whose worker died twice.
  events.on('failed', ({ jobId, failedReason }) => {
    const error = Promise.reject(new Error(failedReason));
    error.catch(() => undefined);
    const resolve = waiting.get(jobId);
    if (resolve === undefined) early.set(jobId, error);
    else resolve(error);
    waiting.delete(jobId);
  });
  const result = (id) => {
    if (!early.has(id)) return new Promise((resolve) => waiting.set(id, resolve));
    const value = early.get(id);
    early.delete(id);
    return value;
  };
  const add = async (name, value) => result((await queue.add(name, { value }, JOB)).id);
  const call = (value) => add('noop', value);

  return {
    run: (count, window) => closedLoop(call, count, window),
    /** All at once by `addBulk`, its fastest way. */
    runBulk: async (count) => {
      const begun = performance.now();
      const results = [];
      const latencies = [];
      for (let n = 0; n < count; n += BULK) {
        const jobs = Array.from({ length: Math.min(BULK, count - n) }, (_, i) => ({
          name: 'noop',
          data: { value: n + i },
          opts: JOB,
        }));
        for (const { id } of await queue.addBulk(jobs))
          results.push(Promise.resolve(result(id)).then(() => latencies.push(performance.now() - begun)));
      }
      await Promise.all(results);
      return { milliseconds: performance.now() - begun, latencies };
    },
    runCrashing: (count, window) => crashLoop((n) => add('crashing', n), count, window),
    /** Milliseconds from a crash to the first call of the replacement worker. */
    replace: async () => {
      const begun = Date.now();
      await add('crashOrTell', true).catch(() => undefined);
      return (await add('crashOrTell', false)) - begun;
    },
    survive: async (file) => void (await add('survive', file)),
    stop: async () => {
      isStopping = true;
      for (const child of children) if (child.connected) child.disconnect();
      await Promise.all([queue.close(), events.close()]);
      await redis.stop();
    },
  };
}
