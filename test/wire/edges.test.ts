import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { DictionaryDecoder, encodeDictionary } from '../../src/wire/dictionary.ts';
import { mayWait, VERB_FORMS } from '../../src/wire/names.ts';

// The edges of the wire that the mutation run found untested.

const decoded = (text: string, limit: number) => {
  const input = new ByteQueue();
  input.push(Buffer.from(text, 'latin1'));
  const decoder = new DictionaryDecoder(limit);
  return { decoder, input, next: () => decoder.next(input) };
};

describe('a dictionary (P4)', () => {
  test('that is as large as the limit is kept', () => {
    const entries = new Map([['a', 'xyz']]);
    const { decoder, next } = decoded(encodeDictionary(entries), 4);
    expect(next()).toEqual(entries);
    expect(decoder.excess).toBeUndefined();
  });

  test('that begins like the one before it, in another encoding, is read anew', () => {
    const { input, next } = decoded('00010001a0001é00010001a0001Ã©', 1_000);
    expect(next()).toEqual(new Map([['a', 'é']]));
    expect(next()).toEqual(new Map([['a', 'Ã']]));
    expect(input.rest().toString('latin1')).toBe('©');
  });
});

test('of the eight gets those wait that are no Try form (V4, V10)', () => {
  const gets = Object.keys(VERB_FORMS).filter((verb) => /find|fetch/.test(verb));
  expect(gets).toHaveLength(8);
  for (const verb of gets) expect(mayWait(verb)).toBe(!verb.endsWith('Try'));
});
