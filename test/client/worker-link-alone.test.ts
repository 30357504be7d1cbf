import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import threads, { type MessagePort, type WorkerOptions } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { ActivityWatch, newBoard } from '../../src/client/worker/activity.ts';
import { CHANNEL_FD, linkToSentinel, type WatchdogData } from '../../src/client/worker/worker-link.ts';
import { lineOf } from '../../src/client/worker/worker-messages.ts';

// The link of a worker, in a process or a thread, whose watchdog, channel and port are the test's.

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Messages between ports take more than a turn. */
const heardAt = (port: MessagePort): Promise<unknown> =>
  new Promise((resolve) => port.once('message', resolve));

/** A call that a reader of this memory sees. */
function callsOn(board: SharedArrayBuffer): unknown[] {
  const seen: unknown[] = [];
  const watch = new ActivityWatch(board, (message) => seen.push(message));
  for (let n = 0; n < 2; n++) watch.look();
  return seen;
}

const CALL = { batch: '7', at: 2, limit: Infinity, isLoading: false };
const SEEN = { type: 'call', call: 1, batch: '7', at: 2, limit: null, isLoading: false };

/** The link of a process, and its watchdog. */
function linked() {
  let options: WorkerOptions | undefined;
  let unrefs = 0;
  vi.spyOn(threads, 'Worker').mockImplementation(
    unsafeCast(
      class {
        constructor(_url: URL, given: WorkerOptions) {
          options = given;
        }
        unref = (): void => void unrefs++;
      },
    ),
  );
  syncBuiltinESMExports();
  const link = linkToSentinel();
  const data = unsafeCast<WatchdogData>(options?.workerData);
  return { link, data, options, unrefs };
}

describe('the link of a worker process', () => {
  it('has a watchdog with little memory and no flags, which keeps no process alive', () => {
    const { options, unrefs, data } = linked();
    expect([options, unrefs]).toMatchObject([
      {
        execArgv: [],
        env: {},
        transferList: [data.port],
        resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
      },
      1,
    ]);
    data.port.close();
  });

  it('hears what the watchdog passes on, and shows it the calls of each rank', async () => {
    const { link, data } = linked();
    const heard = new Promise((resolve) => link.onMessage(resolve));
    const { port } = data;
    port.postMessage({ type: 'leave' });
    expect(await heard).toEqual({ type: 'leave' });
    link.activity().begin(CALL);
    expect(callsOn(data.board)).toEqual([SEEN]);
    const told = heardAt(data.port);
    link.activity(4).begin(CALL);
    const further = unsafeCast<{ board: SharedArrayBuffer }>(await told);
    expect(further).toMatchObject({ type: 'board', rank: 4 });
    expect(callsOn(further.board)).toEqual([SEEN]);
    data.port.close();
  });

  it('writes whole messages, however little the channel takes, unless the sentinel is gone', () => {
    const { link, data } = linked();
    const takes: (number | string)[] = [3, 'EAGAIN', 13];
    let written = '';
    const write = vi.spyOn(fs, 'writeSync').mockImplementation((fd, bytes) => {
      const next = takes.shift() ?? bytes.length;
      if (fd !== CHANNEL_FD || bytes.length === 0) throw new Error('it writes something else');
      if (typeof next === 'string') throw Object.assign(new Error(next), { code: next });
      written += Buffer.from(unsafeCast<Uint8Array>(bytes)).toString('utf8', 0, next);
      return next;
    });
    syncBuiltinESMExports();
    link.send({ type: 'ready' });
    expect([written, write.mock.calls.length]).toEqual([lineOf({ type: 'ready' }), 4]);
    takes.push('EPIPE');
    link.send({ type: 'idle' });
    expect([written, write.mock.calls.length]).toEqual([lineOf({ type: 'ready' }), 5]);
    data.port.close();
  });
});

describe('the link of a worker thread', () => {
  it('is its port, over which it opens another one to the master (S36)', async () => {
    const { port1, port2 } = new threads.MessageChannel();
    const board = newBoard();
    const { isMainThread, workerData } = threads;
    Object.assign(threads, { isMainThread: false, workerData: { board, port: port2 } });
    syncBuiltinESMExports();
    const link = linkToSentinel();
    Object.assign(threads, { isMainThread, workerData });
    const said = heardAt(port1);
    link.send({ type: 'ready' });
    expect(await said).toEqual({ type: 'ready' });
    const passed = heardAt(port1);
    const own = link.openMemory?.();
    const { type, port } = unsafeCast<{ type: string; port: MessagePort }>(await passed);
    expect(type).toBe('memory');
    const answer = own && heardAt(own);
    port.postMessage('an answer');
    expect(await answer).toBe('an answer');
    port.close();
    port1.close();
  });
});
