import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableLines } from '../../src/wire/printable.ts';
import { anyText } from '../support/any-text.ts';

describe('untrusted text', () => {
  it.each([
    ['a colour', '\u001b[31mred', '\\u001b[31mred'],
    ['the same out of one character', '\u009b31mred', '\\u009b31mred'],
    ['a line break', 'one\ntwo\u2028three', 'one\\u000atwo\\u2028three'],
    ['a bell and a backspace', 'a\u0007b\u0008', 'a\\u0007b\\u0008'],
    ['a turn of direction', 'gpj.\u202eexe', 'gpj.\\u202eexe'],
    ['letters of any script', 'Grüße, 你好, 🛷', 'Grüße, 你好, 🛷'],
  ])('with %s is printed with escapes', (_, text, printed) => {
    expect(printable(text)).toBe(printed);
  });

  it('keeps its line breaks if several lines are allowed', () => {
    expect(printableLines('a\tb\n\u001bc\r')).toBe('a\tb\n\\u001bc\\u000d');
  });

  it('has the same meaning inside JSON', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
      }),
    );
  });
});
