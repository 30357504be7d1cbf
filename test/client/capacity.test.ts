import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NetWorkSpace, TimeoutError } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';

let server: Server;
let producer: NetWorkSpace;
let consumer: NetWorkSpace;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  producer = await NetWorkSpace.open('w', { port: server.port, persistent: true });
  consumer = await NetWorkSpace.open('w', { port: server.port, persistent: true });
});
afterAll(async () => {
  producer.close();
  consumer.close();
  await server.close();
});

describe('a fifo with a capacity', () => {
  it('keeps a producer at most that many values ahead of a slow consumer', async () => {
    const frames = producer.variable<number>('frames', 'fifo', { capacity: 3 });
    let stored = 0;
    const producing = (async () => {
      for (let i = 0; i < 40; i++) {
        await frames.store(i, { wait: true });
        stored++;
      }
    })();
    const seen: number[] = [];
    let furthest = 0;
    for await (const value of consumer.variable<number>('frames').ifetch()) {
      seen.push(value);
      await new Promise((resolve) => setImmediate(resolve));
      furthest = Math.max(furthest, stored - seen.length);
      if (seen.length === 40) break;
    }
    await producing;
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(furthest).toBeLessThanOrEqual(3);
  });

  it('refuses a store that does not wait as full, and ends a wait by a timeout or a signal without storing', async () => {
    await producer.declare('few', 'fifo', { capacity: 1 });
    await producer.store('few', 'a');
    await expect(producer.store('few', 'b')).rejects.toMatchObject({ code: 'full' });
    await expect(producer.store('few', 'c', { wait: true, timeout: 20 })).rejects.toThrow(TimeoutError);
    const abort = new AbortController();
    const waiting = producer.store('few', 'd', { wait: true, signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect([await consumer.fetch('few'), await consumer.fetchTry('few')]).toEqual(['a', undefined]);
    await expect(producer.declare('few', 'fifo', { capacity: 2 })).rejects.toThrow(
      'Cannot change variable capacity to 2.',
    );
  });

  it('takes a large value that waited, byte for byte', async () => {
    await producer.declare('large', 'fifo', { capacity: 1 });
    const large = Buffer.alloc(20 << 20, 'x');
    await producer.store('large', 'a');
    const stored = producer.store('large', large, { wait: true });
    expect(await consumer.fetch('large')).toBe('a');
    await stored;
    expect(large.equals(Buffer.from(await consumer.variable<Uint8Array>('large').fetch()))).toBe(true);
  });
});
