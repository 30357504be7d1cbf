import { describe, expect, it } from 'vitest';
import { defined, withDefaults } from '../../src/wire/with-defaults.ts';

describe('options with defaults', () => {
  const defaults: { a: number; b: number | null } = { a: 1, b: 2 };

  it.each([
    [undefined, { a: 1, b: 2 }],
    [{ a: undefined }, { a: 1, b: 2 }],
    [
      { a: 3, b: null },
      { a: 3, b: null },
    ],
  ])('in %j override the defaults if they are given; undefined counts as not given', (given, expected) => {
    expect(withDefaults(defaults, given)).toEqual(expected);
  });

  it('that are undefined are absent from the result', () => {
    expect(Object.keys(defined<{ a: number; b: number }>({ a: undefined, b: 0 }))).toEqual(['b']);
  });
});
