import { describe, expect, test } from 'vitest';
import { EVERYTHING, unusedName } from '../../src/workspace/part.ts';

const nameIn = (owns: (name: string) => boolean, used: readonly string[] = []): string =>
  unusedName('a', { number: 1, of: 4, owns }, (each) => used.includes(each));

describe('the name of a temporary workspace (W8, D17)', () => {
  test.each<[string, readonly string[]]>([
    ['a', []],
    ['a_', ['a']],
    ['a__', ['a', 'a_']],
  ])('is %j if %j have names already', (name, used) => {
    expect(unusedName('a', EVERYTHING, (each) => used.includes(each))).toBe(name);
  });

  test('has the first number with which it belongs to the part, and no workspace has it', () => {
    expect(nameIn((each) => each.startsWith('a_'))).toBe('a_0');
    expect(nameIn((each) => each.endsWith('_3'))).toBe('a_3');
    expect(nameIn((each) => each.startsWith('a_'), ['a_0', 'a_1'])).toBe('a_2');
  });
});
