import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { processes, Sleigh, tasks, threads } from '../../src/client/index.ts';
import { threadsBeside } from '../../src/client/launchers/launcher.ts';
import { ThreadMemory } from '../../src/client/master/thread-memory.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { createServer, type Server } from '../../src/index.ts';
import { isShort } from '../support/form.ts';

const task = tasks<typeof import('./modules/dataflow.mjs')>(new URL('modules/dataflow.mjs', import.meta.url));

let server: Server;
let address: { host: string; port: number };
let sleigh: Sleigh;
let folder: string;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  address = { host: server.host, port: server.port };
  sleigh = await Sleigh.start({
    workers: 2,
    server: address,
    launch: threads(),
    join: 'elastic',
    onOutput: () => undefined,
  });
  await sleigh.join(10);
});
afterAll(async () => {
  await sleigh.stop();
  await server.close();
});
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sleigh-memory-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const first = (memory: SharedArrayBuffer): number | undefined => new Int32Array(memory)[0];

const memoryOf = ({ bytes }: { readonly bytes: Uint8Array }): ArrayBuffer[] =>
  bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];

describe('shared memory under threads (S36)', () => {
  it('is the same for all calls and for the program', async () => {
    const memory = new SharedArrayBuffer(8);
    const seen = await sleigh.eachElem(
      task.count,
      Array.from({ length: 100 }, () => memory),
    );
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(first(memory)).toBe(100);
    await sleigh.submit(task.count, memory);
    expect(await sleigh.eachWorker(task.count, memory)).toHaveLength(2);
    expect(first(memory)).toBe(103);
  });

  it('may be a part of a value that is scattered, or of fixed arguments', async () => {
    const counter = new Int32Array(new SharedArrayBuffer(16), 4, 2);
    await using table = await sleigh.scatter({ counter, at: 1 });
    await sleigh.eachElem(
      task.countIn,
      Array.from({ length: 50 }, (_, n) => n),
      { fixedArgs: table },
    );
    await sleigh.eachElem(task.countIn, [1, 2, 3], { fixedArgs: { counter, at: 0 } });
    expect([...counter]).toEqual([3, 50]);
  });

  it('arrives with its views, beside other parts', async () => {
    const all = new SharedArrayBuffer(64);
    const part = new Int16Array(all, 2, 3);
    part[0] = 7;
    const shape = await sleigh.submit(task.shapeOf, { all, part, view: new DataView(all, 8, 5), text: 'ö' });
    expect(shape).toEqual({
      isShared: true,
      isSame: true,
      part: ['Int16Array', 2, 3],
      view: ['DataView', 8, 5],
      first: 7,
      text: 'ö',
    });
  });

  it('is there for an element that is called again', async () => {
    const memory = new SharedArrayBuffer(4);
    const element = { bytes: new Uint8Array(memory).fill(5), file: join(folder, 'died') };
    expect(await sleigh.submit(task.firstByte, element)).toBe(5);
    expect(existsSync(element.file)).toBe(true);
  }, 20_000);

  it.skipIf(isShort)(
    'fails with a clear error at a worker that is a process',
    async () => {
      await using job = await Sleigh.start({
        workers: 1,
        server: address,
        launch: threads(),
        join: 'elastic',
      });
      const thread = job.submit(task.count, new SharedArrayBuffer(4));
      expect(await thread).toBe(0);
      await job.launch({ workers: 1, launch: processes() });
      await expect(job.eachWorker(task.add, 1)).resolves.toBeDefined();
      await job.join(10);
      const outcomes = await job.eachWorker(task.count, new SharedArrayBuffer(4), { errors: 'collect' });
      expect(outcomes).toEqual([
        0,
        expect.objectContaining({ code: 'unreadable', reason: expect.stringContaining('threads') }),
      ]);
    },
    20_000,
  );
});

describe('shared memory under other workers (S36)', () => {
  it('is refused before anything is sent', async () => {
    await using job = await Sleigh.start({
      workers: 0,
      server: address,
      join: 'elastic',
      launch: threadsBeside(),
    });
    const memory = new SharedArrayBuffer(4);
    await expect(job.submit(task.count, memory)).rejects.toMatchObject({
      code: 'not-sent',
      message: expect.stringContaining('only threads of the same process have'),
    });
    await expect(job.scatter(new Uint8Array(memory))).rejects.toThrow('Start the workers with `threads()`');
  });
});

describe('memory that is moved (S36)', () => {
  it('comes to a thread without a copy, and is gone here', async () => {
    const bytes = new Uint8Array(100_000).fill(9);
    const { buffer } = bytes;
    expect(await sleigh.submit(task.firstByte, { bytes }, { transfer: [buffer] })).toBe(9);
    expect(buffer.byteLength).toBe(0);
    const elements = [1, 2, 3, 4].map((n) => ({ bytes: new Uint8Array(8).fill(n) }));
    expect(await sleigh.eachElem(task.firstByte, elements, { transfer: memoryOf })).toEqual([1, 2, 3, 4]);
    expect(elements.map(({ bytes: { byteLength } }) => byteLength)).toEqual([0, 0, 0, 0]);
  });

  it('is gone as soon as the element is encoded, before a worker asks for it', () => {
    const memory = new ThreadMemory('secret');
    memory.isShared = true;
    const [moved, other] = [new ArrayBuffer(8), new ArrayBuffer(8)];
    const lending = memory.lending([moved]);
    expect([lending?.refer(moved), lending?.refer(other)]).toEqual(['secret.1', undefined]);
    expect(moved.byteLength).toBe(8);
    lending?.lent();
    expect([moved.byteLength, other.byteLength]).toEqual([0, 8]);
  });

  it('is not moved if it is no part of the element, or if the element cannot be sent', async () => {
    const [other, bytes] = [new ArrayBuffer(8), new Uint8Array(8).fill(3)];
    expect(await sleigh.submit(task.firstByte, { bytes }, { transfer: [other] })).toBe(3);
    expect([other.byteLength, bytes.byteLength]).toEqual([8, 8]);
    const unsendable = unsafeCast<{ bytes: Uint8Array }>({ bytes, f: () => 1 });
    const call = sleigh.submit(task.firstByte, unsendable, { transfer: [bytes.buffer] });
    await expect(call).rejects.toMatchObject({ code: 'not-sent' });
    expect(bytes.byteLength).toBe(8);
  });

  it('is an error that says so when its worker has ended, and the call is not made again', async () => {
    const bytes = new Uint8Array(8);
    const element = { bytes, file: join(folder, 'died') };
    const call = sleigh.submit(task.firstByte, element, { transfer: [bytes.buffer] });
    await expect(call).rejects.toMatchObject({
      code: 'unreadable',
      attempt: 2,
      reason: 'its memory was moved to a worker that has ended meanwhile, and cannot be had again',
    });
  }, 20_000);

  it('is a copy for a worker that is a process', async () => {
    await using job = await Sleigh.start({ workers: 1, server: address });
    const bytes = new Uint8Array(8).fill(4);
    expect(await job.submit(task.firstByte, { bytes }, { transfer: [bytes.buffer] })).toBe(4);
    expect(bytes.byteLength).toBe(8);
  }, 20_000);

  it('is refused with retries or a name, and if it is no memory', async () => {
    const bytes = new Uint8Array(8);
    const once = '`transfer` excludes `retry` and `name`';
    const transfer = [bytes.buffer];
    const retry = { attempts: 2 };
    await expect(sleigh.submit(task.firstByte, { bytes }, { transfer, retry })).rejects.toThrow(once);
    const of = (): ArrayBuffer[] => transfer;
    await expect(sleigh.eachElem(task.firstByte, [{ bytes }], { transfer: of, retry })).rejects.toThrow(once);
    await expect(sleigh.eachElem(task.firstByte, [{ bytes }], { transfer: of, name: 'a' })).rejects.toThrow(
      once,
    );
    const noMemory = unsafeCast<ArrayBuffer[]>([bytes]);
    await expect(sleigh.submit(task.firstByte, { bytes }, { transfer: noMemory })).rejects.toThrow(
      '`transfer` must be an array of ArrayBuffers',
    );
    await expect(sleigh.eachElem(task.firstByte, [{ bytes }], { transfer: () => noMemory })).rejects.toThrow(
      '`transfer` must return an array of ArrayBuffers',
    );
    expect(bytes.byteLength).toBe(8);
  });
});
