import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { NetWorkSpace, pipeline, Sleigh, tasks, threads, type Results } from '../../src/client/index.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';

const task = tasks<typeof import('./modules/dataflow.mjs')>(new URL('modules/dataflow.mjs', import.meta.url));

let server: Server;
let sleigh: Sleigh;
let address: { host: string; port: number };
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  address = { host: server.host, port: server.port };
  sleigh = await Sleigh.start({ workers: 2, server: address, launch: threads() });
});
afterAll(async () => {
  await sleigh.stop();
  await server.close();
});

const variables = async (): Promise<string[]> =>
  (await NetWorkSpace.list(address))
    .flatMap(({ variables: names }) => names)
    .filter((name) => name.startsWith('#fixedArg'));

describe('a scattered value', () => {
  it('comes to each worker once, for any number of batches and calls', async () => {
    const table = await sleigh.scatter({ factor: 3 });
    for (let n = 0; n < 20; n++) await sleigh.submit(task.times, n, { fixedArgs: { factor: 1 } });
    expect(await sleigh.eachElem(task.times, [1, 2], { fixedArgs: table })).toEqual([3, 6]);
    expect(await sleigh.submit(task.times, 5, { fixedArgs: table })).toBe(15);
    expect(await sleigh.eachWorker(task.times, 7, { fixedArgs: table })).toEqual([21, 21]);
    // Threads of one process have modules of their own.
    const seen = await sleigh.eachWorker(task.copiesOf, 3, { fixedArgs: table });
    expect(seen).toEqual([1, 1]);
    expect(await variables()).toHaveLength(1);
    await table.free();
    expect(await variables()).toEqual([]);
  });

  it('is deleted when the last batch that uses it is settled', async () => {
    const table = await sleigh.scatter({ factor: 2 });
    const calls = Promise.all([1, 2, 3].map((n) => sleigh.submit(task.slowly, n, { fixedArgs: table })));
    await sleigh.submit(task.times, 0, { fixedArgs: table });
    await table.free();
    expect(await variables()).toHaveLength(1);
    expect(await calls).toEqual([2, 4, 6]);
    await sleigh.submit(task.add, 1);
    expect(await variables()).toEqual([]);
    await expect(sleigh.submit(task.times, 1, { fixedArgs: table })).rejects.toThrow(
      'the scattered value was freed, or belongs to another job',
    );
    await table.free();
  });
});

describe('promises as elements', () => {
  it('are awaited, so that calls depend on other calls', async () => {
    const one = sleigh.submit(task.add, sleigh.submit(task.add, 1));
    expectTypeOf(one).toEqualTypeOf<Promise<number>>();
    expect(await one).toBe(3);
    const elements = [sleigh.submit(task.add, 1), 5, Promise.resolve(7)];
    expect(await sleigh.eachElem(task.add, unsafeCast<number[]>(elements))).toEqual([3, 6, 8]);
  });

  it('fail what depends on them with their error', async () => {
    await expect(sleigh.submit(task.add, sleigh.submit(task.fail, 1))).rejects.toMatchObject({
      code: 'threw',
    });
    const elements = [1, 2, Promise.reject(new Error('no such element'))];
    await expect(sleigh.eachElem(task.add, unsafeCast<number[]>(elements))).rejects.toThrow(
      'no such element',
    );
  });
});

describe('a pipeline', () => {
  it('calls its stages one after another, with the result of the one before', async () => {
    const results = pipeline(
      sleigh,
      [1, 2, 3],
      [task.add, { task: task.times, fixedArgs: { factor: 10 } }, task.text],
    );
    expectTypeOf(results).toEqualTypeOf<Results<string>>();
    expect(await results).toEqual(['20', '30', '40']);
  });

  it('reads an endless input as its results are taken, and leaves it at the end', async () => {
    const input = { read: 0, isLeft: false };
    function* endless(): Generator<number> {
      try {
        for (;;) yield input.read++;
      } finally {
        input.isLeft = true;
      }
    }
    const taken: number[] = [];
    const stage = { task: task.add, loadFactor: 1, chunkSize: 1 };
    for await (const n of pipeline(sleigh, endless(), [stage, stage])) if (taken.push(n) === 20) break;
    expect(taken).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
    expect(input.read).toBeLessThan(40);
    await eventually(() => input.isLeft, 'the input is left');
  });

  it('ends with the error of any stage', async () => {
    await expect(pipeline(sleigh, [1, 2], [task.add, task.fail])).rejects.toMatchObject({ code: 'threw' });
    await expect(pipeline(sleigh, [1, 2], [task.fail, task.add])).rejects.toMatchObject({ code: 'threw' });
    expect(() => pipeline(sleigh, [1], unsafeCast([]))).toThrow('a pipeline needs at least one stage');
  });
});
