import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { NEED_DATA, NOT_A_NUMBER } from '../../src/wire/numbers.ts';

const queueOf = (text: string): ByteQueue => {
  const queue = new ByteQueue();
  queue.push(Buffer.from(text, 'latin1'));
  return queue;
};
const latin1 = (bytes: Buffer): string => bytes.toString('latin1');

/** What a read returns, and what is left after it. */
const READS: readonly [name: string, read: (queue: ByteQueue) => unknown, result: unknown, rest: string][] = [
  ['a text', (queue) => queue.text(2), '12', '34'],
  ['all as a text', (queue) => queue.text(4), '1234', ''],
  ['a text that is not there yet', (queue) => queue.text(5), undefined, '1234'],
  ['a number', (queue) => queue.number(3), 123, '4'],
  ['all as a number', (queue) => queue.number(4), 1234, ''],
  ['a number that is not there yet', (queue) => queue.number(5), NEED_DATA, '1234'],
  ['the bytes that come next', (queue) => queue.skip(Buffer.from('12')), true, '34'],
  ['all of the bytes', (queue) => queue.skip(Buffer.from('1234')), true, ''],
  ['other bytes', (queue) => queue.skip(Buffer.from('13')), false, '1234'],
  ['more bytes than there are', (queue) => queue.skip(Buffer.from('12345')), false, '1234'],
  ['some bytes', (queue) => latin1(queue.some(3)), '123', '4'],
  ['more than there is', (queue) => latin1(queue.some(9)), '1234', ''],
  ['a part that is lent', (queue) => latin1(queue.lend(3)), '123', '4'],
  ['all, lent', (queue) => latin1(queue.lend(9)), '1234', ''],
  ['a part that is passed over', (queue) => queue.pass(3), 3, '4'],
  ['more than can be passed over', (queue) => queue.pass(9), 4, ''],
  ['the rest', (queue) => latin1(queue.rest()), '1234', ''],
];

describe('the queue of bytes', () => {
  it.each(READS)('reads %s', (_, read, result, rest) => {
    // The second queue has read something, so its next byte is not the first of its chunk.
    for (const before of ['', 'xx']) {
      const queue = queueOf(`${before}1234`);
      queue.pass(before.length);
      expect(read(queue)).toBe(result);
      expect(queue.length).toBe(rest.length);
      expect(latin1(queue.rest())).toBe(rest);
    }
  });

  it('consumes what is not a number', () => {
    const queue = queueOf('1x34');
    expect(queue.number(2)).toBe(NOT_A_NUMBER);
    expect(latin1(queue.rest())).toBe('34');
  });

  it('joins what is left and the next chunk, and reads a chunk in place if nothing is left', () => {
    const queue = queueOf('abc');
    queue.pass(1);
    queue.push(Buffer.from('de'));
    expect(queue.length).toBe(4);
    expect(queue.text(4)).toBe('bcde');
    const chunk = Buffer.from('fgh');
    queue.push(chunk);
    chunk.write('F');
    expect(queue.text(3)).toBe('Fgh');
  });

  it('lends its chunk without a copy, and copies what it is asked to keep', () => {
    const chunk = Buffer.from('abcdef');
    const queue = new ByteQueue();
    queue.push(chunk);
    const [lent, copied] = [queue.lend(1), queue.some(1)];
    queue.keep();
    chunk.fill('x');
    expect([lent, copied, queue.rest()].map(latin1)).toEqual(['x', 'b', 'cdef']);
  });

  it('keeps no chunk of which everything was read', () => {
    const queue = queueOf('abc');
    queue.pass(3);
    queue.keep();
    expect([queue.length, queue.lend(9).buffer.byteLength]).toEqual([0, 0]);
  });

  it('returns what was pushed, however it is cut and read', () => {
    const pieces = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 9 }), { maxLength: 9 });
    const reads = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.boolean()), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(pieces, reads, (texts, taken) => {
        const queue = new ByteQueue();
        let read = '';
        for (const [at, text] of texts.entries()) {
          const chunk = Buffer.from(text);
          queue.push(chunk);
          const [n = 0, isKept = true] = taken[at] ?? [];
          read += latin1(queue.some(n));
          if (isKept) queue.keep();
          // What is not kept is read in place.
          if (isKept) chunk.fill('x');
        }
        expect(read + latin1(queue.rest())).toBe(texts.join(''));
      }),
    );
  });
});
