import { BOUNDS } from '../../src/wire/bounds.ts';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Job } from '../../src/verify/job.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { eventually } from '../support/eventually.ts';
import { startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

const DEADLINE_S = 3;
/** Longer than any timeout here. */
const STOPPED_MS = 4_000;

it('a server that was suspended for longer than every timeout processes its input, and ends no connection for it', async () => {
  await using serve = await startServe(
    '--log-level',
    'info',
    '--limit',
    `requestSeconds=${DEADLINE_S}`,
    '--limit',
    `handshakeSeconds=${DEADLINE_S}`,
  );
  const address = { host: '127.0.0.1', port: serve.port };

  // A sentinel that was answered just before, and asks again while the server is suspended; its worker is busy.
  const watched = await Job.open(address, { sentinelRefreshPeriod: '1', onDeadWorker: 'requeue' });
  const sentinel = await watched.guest();
  await watched.get(sentinel, 'fetch', 'worker_ids');
  const busy = await watched.guest();
  await watched.store(busy, 'worker_ids', '0');
  await watched.store(watched.master, 'task', 'work', { batchId: 'a' });
  await watched.get(busy, 'fetch', 'task');
  await watched.get(sentinel, 'fetch', 'sentinel_alive');

  // A disconnected worker that comes back while the server is suspended.
  const returning = await Job.open(address, {
    reconnectGrace: String(DEADLINE_S),
    onDeadWorker: 'requeue',
    join: 'elastic',
  });
  await returning.get(await returning.guest(), 'fetch', 'worker_ids');
  const lost = await returning.guest();
  await returning.store(lost, 'worker_ids', '0', { session: 'mine' });
  await returning.store(returning.master, 'task', 'work', { batchId: 'a' });
  await returning.get(lost, 'fetch', 'task');
  const back = await returning.guest();
  lost.vanish();
  await returning.mustBeListed('Worker 0', 'Lost workers');

  // A job whose grace period ends meanwhile, and one in its join phase, whose workers register.
  const graced = await Job.open(address, { workerGracePeriod: String(DEADLINE_S) });
  await graced.get(await graced.guest(), 'fetch', 'worker_ids');
  const first = await graced.guest();
  const joining = await Job.open(address, {});
  await joining.get(await joining.guest(), 'fetch', 'worker_ids');
  const joiner = await joining.guest();
  const status = joining.beginToGet(joining.master, 'fetch', 'status', { delay: String(DEADLINE_S) });

  // An incomplete request and an incomplete handshake.
  const uploading = await ProtocolClient.ready(address);
  await uploading.ask(['open ws', 'uploads', 'me', 'no']);
  const request = uploading.encode(['store', 'uploads', 'x', '1', 'z'.repeat(300_000)]);
  uploading.write(request.slice(0, 1_000));
  const stored = uploading.expect(false);
  const greeting = await ProtocolClient.open(address);
  await greeting.greet();

  // Another disconnected worker, which comes back some time after the server has resumed: its grace period is extended
  // by the pause.
  const late = await Job.open(address, { reconnectGrace: String(DEADLINE_S), join: 'elastic' });
  await late.get(await late.guest(), 'fetch', 'worker_ids');
  const [gone, next] = [await late.guest(), await late.guest()];
  await late.store(gone, 'worker_ids', '0', { session: 'mine' });
  await late.store(late.master, 'task', 'work', { batchId: 'a' });
  await late.get(gone, 'fetch', 'task');
  gone.vanish();
  await late.mustBeListed('Worker 0', 'Lost workers');

  serve.kill('SIGSTOP');
  const alive = watched.beginToGet(sentinel, 'fetch', 'sentinel_alive');
  const returned = returning.store(back, 'worker_ids', '0', { session: 'mine', doing: '1' });
  const registered = [graced.store(first, 'worker_ids', '0'), joining.store(joiner, 'worker_ids', '0')];
  uploading.write(request.slice(1_000));
  const chosen = greeting.choose();
  await sleep(STOPPED_MS);
  serve.kill('SIGCONT');

  await sleep(700);
  const came = await late.store(next, 'worker_ids', '0', { session: 'mine', doing: '1' });
  expect([came.status, came.metadata['nwsBusy']]).toEqual(['0000', '1']);
  expect((await returned).metadata['nwsBusy']).toBe('1');
  for (const each of registered) expect((await each).status).toBe('0000');
  await chosen;
  await eventually(() => stored.answer?.status === '0000', 'the value is stored');
  await eventually(() => status.answer?.value === '1', 'the group is closed with the worker in it');
  // It got its heartbeat before the old deadline, too.
  await eventually(() => alive.answer?.value === '0', 'the sentinel is told to go on');
  await watched.mustBeListed('Worker 0', 'Active workers');
  expect((await graced.store(graced.master, 'task', 'work', { batchId: 'a' })).status).toBe('0000');
  expect(serve.errors()).not.toMatch(/stopped coming|not done in time/);
}, 60_000);

/** A connection to the web page, and everything received on it. */
async function browse(port: number) {
  const socket = connect(port, '127.0.0.1');
  const page = { text: '', hasEnded: false, write: (bytes: string) => socket.write(bytes) };
  socket.on('data', (bytes: Buffer) => (page.text += bytes.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => (page.hasEnded = true));
  await once(socket, 'connect');
  return page;
}

it.skipIf(isShort)(
  'a web server that was suspended for longer than all its timeouts answers pending requests (P13)',
  async () => {
    await using serve = await startServe('--web-port', '0');
    await eventually(() => serve.output().includes('web page'), 'it says where the page is');
    const port = Number(/web page at \S+:(\d+)/.exec(serve.output())?.[1]);
    const head = `GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;
    const [begun, silent, kept] = await Promise.all([browse(port), browse(port), browse(port)]);
    begun.write(head.slice(0, 10));
    kept.write(head);
    await eventually(() => kept.text.includes('ok'), 'the first request is answered');
    kept.text = '';
    // Waits until the first part of the request has been read.
    await sleep(500);

    serve.kill('SIGSTOP');
    await sleep(BOUNDS.webRequestMs.value + 1_000);
    begun.write(head.slice(10));
    for (const page of [silent, kept]) page.write(head);
    serve.kill('SIGCONT');

    for (const page of [begun, silent, kept]) {
      await eventually(() => page.text.includes('\r\n\r\nok') || page.hasEnded, 'there is an answer');
      expect(page.text).toMatch(/^HTTP\/1\.1 200 OK/);
    }
    // Silent clients have had their time, and no more.
    await eventually(() => kept.hasEnded, 'a connection is not kept for ever', 20_000);
  },
  60_000,
);
