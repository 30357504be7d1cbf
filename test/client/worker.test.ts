import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Chunk, chunkPart } from '../../src/client/values/chunk.ts';
import { NwsConnection, type Found } from '../../src/client/connection/connection.ts';
import { work, type Call as TaskCall } from '../../src/client/worker/worker.ts';
import { createServer, type Server } from '../../src/index.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';

let server: Server;
let master: NwsConnection;
let connection: NwsConnection;
const open = (): Promise<NwsConnection> => Promise.resolve(connection);
const refusals: unknown[] = [];
const onRefusal = (error: unknown): void => void refusals.push(error);
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error', limits: { valueBytes: 10_000 } });
  const { host, port } = server;
  [master, connection] = await Promise.all([
    NwsConnection.open({ host, port }),
    NwsConnection.open({ host, port }),
  ]);
  const metadata = new Map(Object.entries({ wstype: 'sleigh', onDeadWorker: 'requeue', maxAttempts: '2' }));
  await master.openWorkspace('s', { metadata });
  refusals.length = 0;
});
afterEach(() => server.close());

/** One worker, under a rank that the master reserved for it as a sentinel would. */
async function hire(call: TaskCall): Promise<{ working: Promise<void> }> {
  const rank = Number((await master.fetch('s', 'worker_ids')).value);
  const description = new Map([['host', 'here']]);
  const working = work({ open, workspace: 's', rank, description, call: () => call, onRefusal });
  // Wrapped in an object, so that awaiting `hire` does not await the work.
  return { working };
}

const answered = (): Promise<Found> => master.fetch('s', 'result');

/** A call that lasts until it is told to end. */
class Call {
  readonly begun: Promise<void>;
  #hasBegun: () => void = () => undefined;
  readonly #ended: Promise<void>;
  end: () => void = () => undefined;

  constructor() {
    this.begun = new Promise((resolve) => (this.#hasBegun = resolve));
    this.#ended = new Promise((resolve) => (this.end = resolve));
  }

  begin(): Promise<void> {
    this.#hasBegun();
    return this.#ended;
  }
}

describe('a worker', () => {
  it('registers with its description, and runs one task after another (S3, S7)', async () => {
    await hire((n) => Number(n) * 10);
    await Promise.all([1, 2, 3].map((n) => master.store('s', 'task', n, new Map([['line', String(n)]]))));
    for (const n of [1, 2, 3]) {
      const { value, metadata } = await answered();
      expect(value).toBe(10 * n);
      expect(metadata.get('line')).toBe(String(n));
      expect(metadata.has('error')).toBe(false);
    }
    const registration = await master.find('s', 'worker registrations');
    expect([registration.value, registration.metadata.get('host')]).toEqual(['0', 'here']);
  });

  it.each([
    ['throws', () => JSON.parse('{'), /^SyntaxError: .*JSON/],
    ['rejects', () => Promise.reject(new TypeError('late')), /^TypeError: late$/],
    [
      'throws something odd',
      () => Promise.reject(Object.create(null)),
      /^thrown: \[Object: null prototype\] \{\}$/,
    ],
    ['returns what cannot be sent', () => () => 1, /^TypeError: `result` cannot be sent: it is a function/],
  ])('reports a call that %s, and continues', async (_what, call: TaskCall, message) => {
    await hire((value) => (value === 'bad' ? call(value, NO_METADATA) : value));
    await master.store('s', 'task', 'bad');
    await master.store('s', 'task', 'good');
    const failure = await answered();
    expect(failure.metadata.get('error')).toBe('1');
    expect(failure.value).toMatchObject({ message: expect.stringMatching(message) });
    const { metadata, value } = await answered();
    expect([metadata.has('error'), value]).toEqual([false, 'good']);
  });

  it('fails a task whose result the server refuses, reports the reason, and continues (S7.1)', async () => {
    await hire((size) => 'x'.repeat(Number(size)));
    await master.store('s', 'task', 20_000);
    await master.store('s', 'task', 2);
    const { value, metadata } = await answered();
    expect(metadata.get('error')).toBe('1');
    expect(value).toMatchObject({
      code: 'threw',
      message: expect.stringMatching(
        /^its result of 20000 bytes was not taken: NwsError: .*a value of 20000 bytes/,
      ),
    });
    expect((await answered()).value).toBe('xx');
    expect(refusals).toEqual([]);
  });

  it('omits from a chunk only the values that are too large for the server (C5)', async () => {
    const sizes = [9, 30_000, 4_000, 20_000, 3_000];
    await hire(() => sizes.map((size) => chunkPart({ value: 'x'.repeat(size) }, 'result', 'threw')));
    await master.store('s', 'task', 1, new Map([['chunk', '1']]));
    const { value } = await answered();
    expect(value).toBeInstanceOf(Chunk);
    const outcomes = Array.from(value instanceof Chunk ? value : [], (outcome) =>
      'failure' in outcome ? outcome.failure.message.slice(0, 25) : String(outcome.value).length,
    );
    expect(outcomes).toEqual([9, 'its result of 30000 bytes', 4_000, 'its result of 20000 bytes', 3_000]);
  });

  it('reports at least the message of an error that is too large for the server (C6)', async () => {
    await hire(() => {
      throw Object.assign(
        new Error('busy'),
        Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i, 'x'.repeat(5_000)])),
      );
    });
    await master.store('s', 'task', 1);
    expect((await answered()).value).toMatchObject({
      message: expect.stringMatching(/^Error: busy \(what was thrown cannot be sent: NwsError/),
    });
  });

  it('stops when the job ends', async () => {
    const { working } = await hire((value) => value);
    await master.store('s', 'task', 1);
    await answered();
    await master.deleteWorkspace('s');
    await working;
  });

  it('stops when its connection closes, even during a call', async () => {
    const call = new Call();
    const { working } = await hire(() => call.begin());
    await master.store('s', 'task', 1);
    await call.begun;
    connection.close();
    call.end();
    await working;
  });

  it('that starts when its job is gone fails, and makes no workspace in its place', async () => {
    const options = { open, workspace: 'gone', rank: 0, description: NO_METADATA, onRefusal };
    await expect(work({ ...options, call: () => () => undefined })).rejects.toMatchObject({
      code: 'no-workspace',
    });
    expect((await master.listWorkspaces()).map(({ name }) => name)).not.toContain('gone');
  });

  it('may not register twice under one rank', async () => {
    await expect(
      work({
        open,
        workspace: 's',
        rank: 7,
        description: new Map(),
        call: () => (value) => value,
        onRefusal: () => undefined,
      }),
    ).rejects.toThrow('rank 7 was never given out');
  });
});
