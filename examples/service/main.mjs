// A web service whose handlers share one pool of workers. It stays quick while some requests take long, are given up by
// their clients, or end their workers.
//
//   node examples/service/main.mjs [PORT]
//   curl 'http://127.0.0.1:8080/primes?n=1000000'
import { createServer } from 'node:http';
import { SleighPool, tasks } from 'sleigh';

const { primes, nap, crash } = tasks(new URL('./tasks.mjs', import.meta.url));
const [port = 8080] = process.argv.slice(2).map(Number);

const pool = new SleighPool({
  workers: 4,
  maxAttempts: 1, // a request that ends its worker fails at once
  respawn: { restarts: 1_000 },
  onDeath: (rank, how) => console.error(`worker ${rank}: ${how}`),
});

/** What each path calls, and with which options. */
const ROUTES = {
  '/primes': { task: primes, options: { timeout: 2_000 } },
  '/nap': { task: nap, options: { timeout: 300, priority: -1 } },
  '/crash': { task: crash, options: {} },
};
const STATUS = { 'timed-out': 504, 'worker-died': 502 };

async function answer({ url }, response) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const route = ROUTES[pathname];
  if (route === undefined) {
    response.writeHead(404).end();
    return;
  }
  // A client that gives up cancels its call.
  const controller = new AbortController();
  const { signal } = controller;
  response.once('close', () => controller.abort());
  try {
    const result = await pool.submit(route.task, Number(searchParams.get('n')), { ...route.options, signal });
    response.end(JSON.stringify(result));
  } catch (error) {
    if (!signal.aborted) response.writeHead(STATUS[error.code] ?? 500).end(error.message);
  }
}

const server = createServer((request, response) => void answer(request, response));
server.listen(port, '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${server.address().port}/primes?n=1000000`),
);

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void pool.close();
});
// For the tests, which start it with --expose-gc and a channel.
process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heap: process.memoryUsage().heapUsed });
});
if (process.channel !== undefined) process.channel.unref();
