import { describe, expect, it } from 'vitest';
import { GivenNumbers } from '../../src/core/given-numbers.ts';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';

function numbersOf(of: 'session' | 'lease') {
  const changes = new ChangeRecorder();
  const numbers = new GivenNumbers(of, changes);
  return { numbers, entities: () => [...numbers.entities()], recorded: () => changes.take() };
}

const reserved = (last: number) => [{ type: 'put', key: ['numbers', 0], fields: { last } }];

describe('the numbers of sessions and leases (D20)', () => {
  it('begin with 1, and a store learns of 1,000 at a time, with the first of them', () => {
    const { numbers, entities, recorded } = numbersOf('session');
    expect(entities()).toEqual([]);
    const all = Array.from({ length: 2_001 }, () => ({ number: numbers.next(), changes: recorded() }));
    expect(all.map(({ number }) => number)).toEqual(all.map((_, n) => n + 1));
    expect(all.filter(({ changes }) => changes.length > 0)).toEqual([
      { number: 1, changes: reserved(1_000) },
      { number: 1_001, changes: reserved(2_000) },
      { number: 2_001, changes: reserved(3_000) },
    ]);
    expect(entities()).toEqual([{ key: ['numbers', 0], fields: { last: 3_000 } }]);
  });

  it.each([
    ['session', 0],
    ['lease', 1],
  ] as const)('go on after those that were reserved before a restart: %s, with the record %d', (of, key) => {
    const { numbers } = numbersOf(of);
    numbers.restore({ key: ['numbers', key], fields: { last: 2_000 } });
    numbers.restore({ key: ['numbers', 1 - key], fields: { last: 5_000 } });
    expect(numbers.next()).toBe(2_001);
  });

  it('go on after the greatest that was given if a store of an earlier version has no record of the last one', () => {
    const { numbers, entities, recorded } = numbersOf('lease');
    numbers.wasGiven(1);
    const record = { key: ['numbers', 1], fields: { last: 1 } };
    expect(entities()).toEqual([record]);
    expect(recorded()).toEqual([]);
    numbers.restored();
    expect(recorded()).toEqual([{ type: 'put', ...record }]);
    numbers.wasGiven(8);
    numbers.wasGiven(3);
    expect(numbers.next()).toBe(9);
  });

  it('need no record before the first was given', () => {
    const { numbers, recorded } = numbersOf('lease');
    numbers.restored();
    expect(recorded()).toEqual([]);
  });
});
