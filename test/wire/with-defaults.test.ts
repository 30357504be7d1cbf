import { describe, expect, it } from 'vitest';
import { defined, withDefaults } from '../../src/wire/with-defaults.ts';

describe('options', () => {
  const defaults: { a: number; b: number | null } = { a: 1, b: 2 };

  it.each([
    [undefined, { a: 1, b: 2 }],
    [{ a: undefined }, { a: 1, b: 2 }],
    [
      { a: 3, b: null },
      { a: 3, b: null },
    ],
  ])('of %j stand over the defaults where they are given: undefined is not', (given, expected) => {
    expect(withDefaults(defaults, given)).toEqual(expected);
  });

  it('that are undefined are not there for who would take that for an answer', () => {
    expect(Object.keys(defined<{ a: number; b: number }>({ a: undefined, b: 0 }))).toEqual(['b']);
  });
});
