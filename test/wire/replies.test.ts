import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeReply, NO_VALUE, STATUS } from '../../src/wire/reply.ts';
import { bytes, metadata } from '../support/arbitraries.ts';
import { readReply } from '../../src/verify/client-codec.ts';
import { isLong } from '../../src/wire/names.ts';

const ID = 'variable000000000042';
const value = { descriptor: 3, variableId: ID, index: 5, payload: 'xyz' };
const zeros = (n: number): string => '0'.repeat(n);
const reason = new Map([['nwsReason', 'why']]);

const encoded = (payload: Uint8Array | { file: number; size: number }): string =>
  encodeReply({ metadata: false, cookie: false }, STATUS.ok, new Map(), { ...value, payload });

describe('replies (P6, P7)', () => {
  test.each([
    ['a short one', false, true, undefined, '0000'],
    ['a short one with metadata', true, true, undefined, '00010009nwsReason0003why0000'],
    ['a long one', false, true, value, `0000${zeros(19)}3${ID}${zeros(19)}5${zeros(19)}3xyz`],
    ['a long one without a cookie (P2.4)', false, false, value, `0000${zeros(19)}3${zeros(19)}3xyz`],
    [
      'a long one without a value (P7.1)',
      false,
      true,
      NO_VALUE,
      `0000${zeros(20)}${' '.repeat(20)}${zeros(20)}${zeros(20)}`,
    ],
  ])('%s', (_, metadata, cookie, value, expected) => {
    expect(encodeReply({ metadata, cookie }, STATUS.ok, reason, value)).toBe(expected);
  });

  test('count a payload that is not a string, which follows separately (P11)', () => {
    expect(encoded(Buffer.from('12345'))).toBe(`0000${zeros(19)}3${zeros(19)}5`);
    expect(encoded({ file: 1, size: 17_000_000 })).toBe(`0000${zeros(19)}300000000000017000000`);
  });

  test('are decoded by a client as they were encoded', () => {
    fc.assert(
      fc.property(
        metadata,
        bytes(50),
        fc.nat(),
        fc.nat(),
        fc.boolean(),
        (metadata, payload, descriptor, index, cookie) => {
          const sent = { descriptor, variableId: ID, index, payload };
          const encoded = encodeReply({ metadata: true, cookie }, STATUS.ok, metadata, sent);
          const read = readReply(encoded, { metadata: true, cookie, isLong: true });
          expect(read?.length).toBe(encoded.length);
          expect(read?.reply).toMatchObject({
            value: payload,
            descriptor,
            metadata: Object.fromEntries(metadata),
          });
          expect(read?.reply.index).toBe(cookie ? index : undefined);
        },
      ),
    );
  });

  test('of some verbs are long (P7.2)', () => {
    const gets = ['fetch', 'fetchTry', 'find', 'findTry', 'ifetch', 'ifetchTry', 'ifind', 'ifindTry'];
    expect([...gets, 'list vars', 'list wss', 'mktemp ws'].every(isLong)).toBe(true);
    expect(['store', 'open ws', 'deadman', 'nonsense'].some(isLong)).toBe(false);
  });
});
