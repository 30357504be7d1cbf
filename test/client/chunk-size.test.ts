import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_BYTES } from '../../src/client/master/chunk-size.ts';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { Sleigh, tasks, type SleighOptions } from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { usualLaunch } from '../support/usual-launch.ts';
import { sharedServer } from '../support/shared-server.ts';

const { paced, deadly, odd, sizeOf } = tasks<typeof import('./modules/paced.mjs')>(
  new URL('modules/paced.mjs', import.meta.url),
);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const address = sharedServer({ limits: { valueBytes: 2_000_000 } });

/** The tasks that are sent: the bytes of each, and whether it is a chunk. */
const stored = vi.spyOn(NwsConnection.prototype, 'storeEncoded');
const sent = (): { bytes: number; isChunk: boolean }[] =>
  stored.mock.calls
    .filter(([, variable]) => variable === 'task')
    .map(([, , { bytes }, metadata]) => ({
      bytes: bytes instanceof Uint8Array ? bytes.length : 0,
      isChunk: metadata?.get('chunk') === '1',
    }));
beforeEach(() => void stored.mockClear());

const start = (options: Partial<SleighOptions> = {}): Promise<Sleigh> =>
  Sleigh.start({ workers: 2, server: address, launch: usualLaunch, onOutput: () => undefined, ...options });

describe('automatic chunks', () => {
  it('contain many elements if these are quick, and give correct results in order', async () => {
    await using sleigh = await start();
    const results = await sleigh.eachElem(
      paced,
      upTo(3_000).map((n) => ({ n })),
    );
    expect(results.map(({ n }) => n)).toEqual(upTo(3_000));
    expect(sent().length).toBeLessThan(1_000);
  });

  it('contain one element each if the elements are slow', async () => {
    await using sleigh = await start();
    await sleigh.eachElem(
      paced,
      upTo(40).map((n) => ({ n, milliseconds: 50 })),
    );
    expect(sent().map(({ isChunk }) => isChunk)).toEqual(upTo(40).map(() => false));
  });

  it.skipIf(isShort)('end with their batch', async () => {
    await using sleigh = await start();
    const stop = new AbortController();
    const input = upTo(5_000).map((n) => ({ n, milliseconds: n === 4_000 ? 100 : 0 }));
    const results = sleigh.eachElem(paced, input, { signal: stop.signal });
    const taken: number[] = [];
    await expect(
      (async () => {
        for await (const { n } of results) if (taken.push(n) === 1_000) stop.abort(new Error('enough'));
      })(),
    ).rejects.toThrow('enough');
    expect(taken).toEqual(upTo(taken.length));
    expect((await sleigh.eachElem(sizeOf, ['ab'])).at(0)).toBe(2);
  });
});

describe.skipIf(isShort)('automatic chunks', () => {
  it('are returned by a worker that meets slow elements, and other workers then run each element once', async () => {
    await using sleigh = await start();
    const elements = upTo(1_020).map((n) => ({ n, milliseconds: n < 1_000 ? 0 : 60 }));
    const results = await sleigh.eachElem(paced, elements);
    expect(results.map(({ n }) => n)).toEqual(upTo(1_020));
    expect(sent().some(({ isChunk }) => isChunk)).toBe(true);
    const slow = results.slice(1_000);
    for (const rank of [0, 1])
      expect(slow.filter((each) => each.rank === rank).length).toBeGreaterThanOrEqual(7);
    const calls = [0, 1].map((rank) =>
      Math.max(...results.filter((each) => each.rank === rank).map(({ call }) => call)),
    );
    expect(calls.reduce((sum, each) => sum + each)).toBe(1_020);
  });

  it('grow again when the slow elements are finished', async () => {
    await using sleigh = await start();
    const elements = upTo(2_020).map((n) => ({ n, milliseconds: n < 20 ? 20 : 0 }));
    expect((await sleigh.eachElem(paced, elements)).map(({ n }) => n)).toEqual(upTo(2_020));
    expect(sent().length).toBeLessThan(1_000);
  });

  it('do not wait for a slow input', async () => {
    await using sleigh = await start();
    let answered = 0;
    const early: number[] = [];
    async function* input(): AsyncGenerator<{ n: number }> {
      for (const n of upTo(500)) yield { n };
      for (const n of [500, 501, 502]) {
        await eventually(() => answered === n, `${n} are answered`);
        early.push(answered);
        yield { n };
      }
    }
    for await (const { n } of sleigh.eachElem(paced, input())) expect(n).toBe(answered++);
    expect([early, answered]).toEqual([[500, 501, 502], 503]);
  });

  it('do not report one element as failed because another one killed the worker', async () => {
    await using sleigh = await start({ workers: 3, maxAttempts: 1 });
    const results = await sleigh.eachElem(deadly, upTo(300), { errors: 'collect' });
    expect(sent().some(({ isChunk }) => isChunk)).toBe(true);
    expect(results[150]).toMatchObject({ code: 'worker-died', index: 150 });
    expect(results.toSpliced(150, 1)).toEqual(upTo(300).toSpliced(150, 1));
  });

  it('do not report one element as failed because another one, or its result, cannot be sent', async () => {
    await using sleigh = await start({ workers: 1 });
    const elements: unknown[] = upTo(300);
    elements[200] = () => 1;
    elements[250] = 'x'.repeat(3_000_000);
    const results = await sleigh.eachElem(odd, elements, { errors: 'collect' });
    expect(sent().some(({ isChunk }) => isChunk)).toBe(true);
    expect([results[150], results[200], results[250]]).toMatchObject([
      { code: 'threw', index: 150, reason: expect.stringContaining('cannot be sent') },
      { code: 'not-sent', index: 200, reason: expect.stringContaining('cannot be sent') },
      { code: 'not-sent', index: 250, reason: expect.stringContaining('bytes') },
    ]);
    const good = results.flatMap((result) => ('n' in result ? [result] : []));
    expect(good.map(({ n }) => n)).toEqual(upTo(300).filter((n) => ![150, 200, 250].includes(n)));
    // Neither was called again: all calls except the two that never returned.
    expect(Math.max(...good.map(({ call }) => call))).toBe(298);
  });

  it('are no larger than a single large element', async () => {
    await using sleigh = await start();
    const elements = upTo(400).map((n) => 'x'.repeat(n < 300 ? 10 : 50_000));
    expect(await sleigh.eachElem(sizeOf, elements)).toEqual(elements.map(({ length }) => length));
    expect(sent().some(({ isChunk }) => isChunk)).toBe(true);
    expect(Math.max(...sent().map(({ bytes }) => bytes))).toBeLessThanOrEqual(MAX_BYTES);
  });

  it('are not used if a task may be tried only once', async () => {
    await using sleigh = await start({ onDeadWorker: 'null' });
    expect(await sleigh.eachElem(sizeOf, upTo(200).map(String))).toHaveLength(200);
    expect(sent()).toHaveLength(200);
  });
});
