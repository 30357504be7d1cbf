import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processes, Sleigh, TaskError, tasks, threads, type TaskErrorCode } from '../../src/client/index.ts';
import { KINDS } from './modules/kinds.mjs';
import { isShort } from '../support/form.ts';

const module = new URL('modules/kinds.mjs', import.meta.url);
const { echo, make, fixed } = tasks<typeof import('./modules/kinds.mjs')>(module);
const names = Object.keys(KINDS);
const sendable = names.filter((name) => KINDS[name]?.refused === undefined);
const refused = names.filter((name) => KINDS[name]?.refused !== undefined);

it('the table in docs/client.md lists these types, and states how each arrives', () => {
  const document = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8');
  const [, table = ''] = /^\| what is sent .*?\n(.*?)\n\n/ms.exec(document) ?? [];
  const rows = table.split('\n').slice(1);
  expect(rows.map((row) => row.split(' | ')[0]?.replace(/^\| /, '').replaceAll('`', '').trim())).toEqual(
    names,
  );
});

const LAUNCHERS = [
  ['threads', threads],
  ['processes', processes],
] as const;

describe.each(isShort ? LAUNCHERS.slice(0, 1) : LAUNCHERS)(
  'a value that travels to and from %s',
  (kind, launch) => {
    let sleigh: Sleigh;
    beforeAll(async () => {
      sleigh = await Sleigh.start({ workers: 1, launch: launch() });
    });
    afterAll(() => sleigh.stop());

    /** Every way to send a value; each returns what arrived, in the order of the names. */
    const WAYS: Readonly<Record<string, (of: readonly string[]) => Promise<unknown[]>>> = {
      'as an element alone': (of) =>
        sleigh.eachElem(
          echo,
          of.map((name) => KINDS[name]?.make()),
          { chunkSize: 1, errors: 'collect' },
        ),
      'as an element in a chunk': (of) =>
        sleigh.eachElem(
          echo,
          of.map((name) => KINDS[name]?.make()),
          { chunkSize: 100, errors: 'collect' },
        ),
      'as a result alone': (of) => sleigh.eachElem(make, of, { chunkSize: 1, errors: 'collect' }),
      'as a result in a chunk': (of) => sleigh.eachElem(make, of, { chunkSize: 100, errors: 'collect' }),
    };
    const ROOTS: Readonly<Record<string, readonly [name: string, code: TaskErrorCode]>> = {
      'as an element alone': ['element', 'not-sent'],
      'as an element in a chunk': ['element', 'not-sent'],
      'as a result alone': ['result', 'threw'],
      'as a result in a chunk': ['result', 'threw'],
    };

    /** Shared memory reaches a thread (S36), but does not come back from it. */
    const isRefusedAsResult = (name: string): boolean => kind === 'threads' && name === 'SharedArrayBuffer';

    it.each(Object.keys(WAYS))('arrives as the table states: %s', async (way) => {
      const arrived = (await WAYS[way]?.(names)) ?? [];
      for (const [i, name] of names.entries()) {
        const { make: made, arrives = made, refused: why } = KINDS[name] ?? { make: () => undefined };
        const value = arrived[i];
        if (why === undefined) expectSame(value, arrives(), name);
        else {
          const [root, code] = ROOTS[isRefusedAsResult(name) ? 'as a result alone' : way] ?? [];
          expect(value, name).toBeInstanceOf(TaskError);
          expect(value, name).toMatchObject({ code, index: i });
          expect(String(Object(value).reason), name).toContain(why.replace('`', `\`${root}`));
        }
      }
    });

    it('arrives as the table states in the fixed arguments', async () => {
      const fixedArgs = Object.fromEntries(sendable.map((name) => [name, KINDS[name]?.make()]));
      const arrived = await sleigh.eachElem(fixed, sendable, { fixedArgs });
      for (const [i, name] of sendable.entries()) {
        const { make: made, arrives = made } = KINDS[name] ?? { make: () => undefined };
        expectSame(arrived[i], arrives(), name);
      }
      for (const name of refused) {
        const root = isRefusedAsResult(name) ? 'result' : 'fixedArgs.a';
        const why = KINDS[name]?.refused?.replace('`', `\`${root}`) ?? '';
        const results = sleigh.eachElem(fixed, ['a'], { fixedArgs: { a: KINDS[name]?.make() } });
        await expect(results, name).rejects.toThrow(why);
      }
    });

    it('arrives as the table states in a variable', async () => {
      const { workspace } = sleigh;
      for (const name of names) {
        const { make: made, arrives = made, refused: why } = KINDS[name] ?? { make: () => undefined };
        if (why === undefined) {
          await workspace.store('v', made());
          expectSame(await workspace.fetch('v'), arrives(), name);
        } else await expect(workspace.store('v', made()), name).rejects.toThrow(why.replace('`', '`value'));
      }
    });

    it('is copied when it is passed, so the caller may change it afterwards', async () => {
      const element = { n: 0, bytes: Buffer.alloc(2) };
      function* growing(): Generator<{ n: number }> {
        for (let n = 1; n <= 200; n++) {
          element.n = n;
          yield element;
        }
      }
      const results = await sleigh.eachElem(echo, growing());
      expect(results.map((result) => Object(result).n)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    });
  },
);

/** Deep values are compared by their depth, because comparing them uses the stack. */
function expectSame(value: unknown, expected: unknown, name: string): void {
  if (name === 'deep nesting') expect(depthOf(value)).toBe(depthOf(expected));
  else expect(value, name).toStrictEqual(expected);
  if (name === 'shared parts') expect(Object(value).one).toBe(Object(value).other);
  if (name === 'cycles') expect(Object(value).list[0]).toBe(value);
}

function depthOf(value: unknown): number {
  let depth = 0;
  for (let part = value; Array.isArray(part); depth++) [part] = part;
  return depth;
}
