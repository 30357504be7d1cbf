import { describe, expect, it } from 'vitest';
import { LOAD_LIMIT_MS, WorkerMemory } from '../../src/client/worker/worker-memory.ts';
import type { Exports } from '../../src/client/task/module-function.ts';
import { ManualClock } from '../support/manual-clock.ts';

function memory(loadModule: (path: string) => Promise<Exports> = () => Promise.resolve({})) {
  const clock = new ManualClock();
  return { clock, memory: new WorkerMemory({ clock, loadModule }) };
}

/** A memory, and what it had to fetch. */
function kept() {
  const fetched: string[] = [];
  const { memory: held } = memory();
  const get = (variable: string): Promise<unknown> =>
    held.fixedArgs(variable, () => {
      fetched.push(variable);
      return Promise.resolve(`value of ${variable}`);
    });
  return { held, get, fetched };
}

describe('the fixed arguments that a worker keeps', () => {
  it('are fetched once, also by calls at the same time', async () => {
    const { get, fetched } = kept();
    expect(await Promise.all([get('f1'), get('f1')])).toEqual(['value of f1', 'value of f1']);
    expect(await get('f1')).toBe('value of f1');
    expect(fetched).toEqual(['f1']);
  });

  it('are those of the 16 batches that used them last', async () => {
    const { get, fetched } = kept();
    for (let n = 1; n <= 16; n++) await get(`f${n}`);
    await get('f1');
    expect(fetched).toHaveLength(16);
    await get('f17');
    for (const n of [1, 3, 16, 17]) await get(`f${n}`);
    expect(fetched).toHaveLength(17);
    await get('f2');
    expect(fetched.slice(17)).toEqual(['f2']);
  });

  it('are fetched again if that failed', async () => {
    const { memory: held } = memory();
    const results = [
      () => Promise.reject(new Error('the connection is lost')),
      () => Promise.resolve('fetched'),
      () => Promise.reject(new Error('fetched again')),
    ];
    const get = (): Promise<unknown> => held.fixedArgs('f1', results.shift() ?? (() => Promise.resolve()));
    await expect(get()).rejects.toThrow('the connection is lost');
    expect([await get(), await get()]).toEqual(['fetched', 'fetched']);
  });

  it('are dropped when the batches before a number have ended', async () => {
    const { held, get, fetched } = kept();
    for (const name of ['f9', 'f10', 'f11']) await get(name);
    held.dropFixedArgs(10);
    for (const name of ['f11', 'f10', 'f9']) await get(name);
    expect(fetched).toEqual(['f9', 'f10', 'f11', 'f9']);
  });
});

describe('the broadcasts that a worker process keeps', () => {
  it('tell the first copy from later ones, for the latest 10,000', () => {
    const { memory: held } = memory();
    expect([held.isFirstCopy('b0'), held.isFirstCopy('b0')]).toEqual([true, false]);
    const further = Array.from({ length: 9_999 }, (_, n) => `b${n + 1}`);
    expect(further.every((each) => held.isFirstCopy(each))).toBe(true);
    expect([held.isFirstCopy('b0'), held.isFirstCopy('b1')]).toEqual([false, false]);
    expect(held.isFirstCopy('b10000')).toBe(true);
    expect([held.isFirstCopy('b1'), held.isFirstCopy('b0')]).toEqual([false, true]);
  });
});

describe('a module', () => {
  it('is loaded once, and again if that failed', async () => {
    const paths: string[] = [];
    const { memory: held } = memory((path) => {
      paths.push(path);
      return paths.length === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve({});
    });
    await expect(held.module('/a.mjs')).rejects.toThrow('not yet');
    expect(await held.module('/a.mjs')).toBe(await held.module('/a.mjs'));
    expect(paths).toEqual(['/a.mjs', '/a.mjs']);
  });

  it('that does not load within a minute fails', async () => {
    const { clock, memory: held } = memory(() => new Promise(() => undefined));
    const loading = held.module('/slow.mjs');
    clock.advance(LOAD_LIMIT_MS - 1);
    clock.advance(1);
    await expect(loading).rejects.toThrow(/\/slow\.mjs.*\b60\b/);
  });
});
