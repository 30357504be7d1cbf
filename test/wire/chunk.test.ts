import { describe, expect, it } from 'vitest';
import { CHUNK_LETTERS, itemsOfChunk } from '../../src/wire/chunk.ts';

/** The items of a chunk as text; undefined where the bytes are none. */
const itemsOf = (text: string): (string | undefined)[] =>
  Array.from(
    itemsOfChunk(Buffer.from(text, 'latin1')),
    (item) => item && `${item.form}${item.isFailure ? ', failed' : ''}: ${item.bytes.toString('latin1')}`,
  );

describe('the values of a chunk (C5)', () => {
  it.each(Object.entries(CHUNK_LETTERS))('may have the form %s', (form, letter) => {
    expect(itemsOf(`${letter}3\nabc!${letter}0\n`)).toEqual([`${form}: abc`, `${form}, failed: `]);
  });

  it('contain any bytes, also those of a head', () => {
    expect(itemsOf('t4\n\nt1\nj2\n[]')).toEqual(['text: \nt1\n', 'json: []']);
    expect(itemsOf('')).toEqual([]);
  });

  it.each([
    ['ends before its value does', 't4\nabc'],
    ['ends within a head', 't4'],
    ['has an unknown form', 'x1\na'],
    ['has a form of two letters', 'tt1\na'],
    ['has a length that is no number', 'tx\na'],
    ['has no length', 't\na'],
    ['has a length below 0', 't-1\na'],
    ['has a length that is exact in no number', 't1000000000000000\na'],
    ['has an empty head', '\nt1\na'],
    ['has a mark in the wrong place', 't!1\na'],
  ])('end with undefined where the chunk %s', (_, text) => {
    expect(itemsOf(`t1\na${text}`)).toEqual(['text: a', undefined]);
  });

  it('may be as long as the chunk is, and no longer', () => {
    expect(itemsOf('t3\nabc')).toEqual(['text: abc']);
    expect(itemsOf('t3\nab')).toEqual([undefined]);
  });
});
