import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/core/turns.ts';

/** @param pieces how many pieces of work there is time for in an event */
const queued = (pieces: number) => {
  let left = pieces;
  const happened: string[] = [];
  const note = (text: string): void => void happened.push(text);
  const turns = new Turns(
    () => --left <= 0,
    () => note('announced'),
    () => ({ begin: () => note('begin'), end: () => note('end'), done: () => note('done') }),
  );
  return {
    turns,
    note,
    take: (): string[] => happened.splice(0),
    go: (): string[] => {
      left = pieces;
      turns.go();
      return happened.splice(0);
    },
  };
};
function* steps(note: (text: string) => void, count: number, last?: () => never) {
  for (let n = 1; n < count; n++) {
    note(`step ${n}`);
    yield undefined;
  }
  last?.();
  return 'the result';
}

describe('the queue of turns', () => {
  it('asks for one event for all that waits', () => {
    const { turns, note, take, go } = queued(1);
    for (const name of ['one', 'two', 'three'])
      turns.add(() => {
        note(name);
        return false;
      });
    expect(take()).toEqual(['announced']);
    expect([go(), go(), go()]).toEqual([['one', 'announced'], ['two', 'announced'], ['three']]);
  });

  it('does as many pieces in an event as there is time for, also the last one', () => {
    const { turns, note, take, go } = queued(10);
    for (const name of ['one', 'two'])
      turns.add(() => {
        note(name);
        return false;
      });
    expect([take(), go(), turns.length]).toEqual([['announced'], ['one', 'two'], 0]);
  });

  it('does not look at the time when nothing is left', () => {
    let looked = 0;
    const turns = new Turns(
      () => ++looked > 9,
      () => undefined,
    );
    for (let n = 0; n < 3; n++) turns.add(() => false);
    turns.go();
    expect([turns.length, looked]).toEqual([0, 2]);
  });

  it('goes round while works have more pieces', () => {
    const { turns, note, go } = queued(10);
    for (const [name, pieces] of [
      ['one', 2],
      ['two', 1],
    ] as const) {
      let left = pieces;
      turns.add(() => {
        note(name);
        return --left > 0;
      });
    }
    expect(go()).toEqual(['announced', 'one', 'two', 'one']);
  });

  it('goes on after a work that fails', () => {
    const { turns, note, take, go } = queued(1);
    turns.add(() => {
      throw new Error('on purpose');
    });
    turns.add(() => {
      note('two');
      return false;
    });
    expect(take()).toEqual(['announced']);
    expect(go).toThrow('on purpose');
    expect(take()).toEqual(['announced']);
    expect(go()).toEqual(['two']);
  });

  it('notifies of the pieces of a work that is not done in its first event (D3)', () => {
    const { turns, note, take, go } = queued(1);
    turns.run(steps(note, 3), note);
    expect(take()).toEqual(['step 1', 'announced']);
    expect(go()).toEqual(['begin', 'step 2', 'end', 'announced']);
    expect(go()).toEqual(['begin', 'the result', 'done']);
    turns.run(steps(note, 1), note);
    expect(take()).toEqual(['the result']);
  });

  it('notifies of the end of a work that fails (D3)', () => {
    const { turns, note, take, go } = queued(1);
    turns.run(
      steps(note, 2, () => {
        throw new Error('on purpose');
      }),
      note,
    );
    expect(take()).toEqual(['step 1', 'announced']);
    expect(go).toThrow('on purpose');
    expect([take(), turns.length]).toEqual([['begin', 'done'], 0]);
  });
});
