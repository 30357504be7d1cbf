import { setImmediate as endOfTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CallTurns } from '../../src/client/worker/call-turns.ts';

/** The turns of one process, with a record of the tasks that are under way. */
function process() {
  const turns = new CallTurns();
  const running = new Map<string, () => void>();
  const unwanted = new Set<string>();
  const enter = (name: string, isAlone = false): void =>
    void Promise.resolve(turns.enter(isAlone, () => !unwanted.has(name))).then((end) =>
      running.set(name, end),
    );
  const end = (name: string): void => {
    running.get(name)?.();
    running.delete(name);
  };
  const now = async (): Promise<string> => {
    await endOfTurn();
    return [...running.keys()].join(' ');
  };
  return { turns, enter, end, now, unwanted };
}

it('tasks run at the same time, and one that runs alone waits for them and holds up those behind it (S22.14)', async () => {
  const { enter, end, now } = process();
  enter('a');
  enter('b');
  enter('alone', true);
  enter('c');
  enter('d');
  expect(await now()).toBe('a b');
  end('a');
  expect(await now()).toBe('b');
  end('b');
  expect(await now()).toBe('alone');
  enter('e');
  expect(await now()).toBe('alone');
  end('alone');
  expect(await now()).toBe('c d e');
});

it('two tasks that run alone run one after the other', async () => {
  const { enter, end, now } = process();
  enter('first', true);
  enter('second', true);
  expect(await now()).toBe('first');
  end('first');
  expect(await now()).toBe('second');
  end('second');
  enter('third');
  expect(await now()).toBe('third');
});

it('a task that is not wanted any more leaves the line, and those behind it go on', async () => {
  const { turns, enter, end, now, unwanted } = process();
  enter('a');
  enter('alone', true);
  enter('b');
  turns.recheck();
  expect(await now()).toBe('a');
  unwanted.add('alone');
  turns.recheck();
  // The end of a turn that never began changes nothing.
  expect(await now()).toBe('a alone b');
  end('alone');
  enter('alone too', true);
  expect(await now()).toBe('a b');
  end('a');
  expect(await now()).toBe('b');
  end('b');
  expect(await now()).toBe('alone too');
});
