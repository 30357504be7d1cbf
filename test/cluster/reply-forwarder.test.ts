import { describe, expect, it } from 'vitest';
import { ReplyForwarder } from '../../src/cluster/reply-forwarder.ts';
import { arrived, askedBy, RequestQueue } from '../../src/cluster/request-queue.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';
import { encodeReply, STATUS } from '../../src/wire/reply.ts';

// The owner changes while a large value is on its way to a client (D16).

const SIZE = 2 ** 20 + 4;
const ID = 'variable'.padEnd(20, '.');

/** The format that an owner uses. */
const OWNERS = { metadata: true, cookie: true };

/** What an owner replies. */
const reply = ({ variableId = ID, index = 7, descriptor = 1, letter = 'a', size = SIZE } = {}): string =>
  encodeReply(OWNERS, STATUS.ok, NO_METADATA, {
    descriptor,
    variableId,
    index,
    payload: letter.repeat(size),
  });

/** What a client has received, and what has become of its request, after the replies of one owner after the other. */
function forwarded(hasCookies: boolean, ...replies: readonly string[]) {
  const format = { metadata: false, cookie: hasCookies };
  const queue = new RequestQueue(true);
  const find = {
    verb: 'find',
    isEmpty: false,
    args: ['w', 'x'],
    payload: undefined,
    metadata: NO_METADATA,
    excess: undefined,
  };
  queue.add(askedBy(arrived(find), false));
  let received = '';
  const ends: string[] = [];
  for (const text of replies) {
    const forwarder = new ReplyForwarder(queue, format, {
      send: (bytes) =>
        (received += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')),
      answered: () => {
        queue.answered();
        ends.push('answered');
      },
      differs: () => ends.push('differs'),
      malformed: () => ends.push('malformed'),
    });
    forwarder.receive(Buffer.from(text, 'latin1'));
  }
  return { received, ends };
}

/** A part of a reply, which ends within its value. */
const part = (text: string): string => text.slice(0, -SIZE / 2);

describe.each([true, false])(
  'a client that has a part of a large value, and gets the ids of values: %s',
  (hasCookies) => {
    it('gets the rest of the same value from the next owner, and from the one after it', () => {
      const { received, ends } = forwarded(hasCookies, part(reply()), part(reply()), reply());
      expect(ends).toEqual(['answered']);
      expect(received).toBe(forwarded(hasCookies, reply()).received);
      expect(received.endsWith('a'.repeat(SIZE))).toBe(true);
    });

    it.each([
      ['another variable', { variableId: 'another'.padEnd(20, '.') }],
      ['another value of the variable', { index: 8, letter: 'b' }],
      ['another descriptor', { descriptor: 2 }],
      ['another size', { size: SIZE + 1 }],
    ])('gets nothing of %s, although the request is the same', (_, changed) => {
      const { received, ends } = forwarded(hasCookies, part(reply()), reply(changed));
      expect(ends).toEqual(['differs']);
      expect(received).toBe(forwarded(hasCookies, part(reply())).received);
    });

    it('gets nothing of a listing, of which nobody knows whether it is the same', () => {
      const listing = reply({ variableId: '', index: 0 });
      expect(forwarded(hasCookies, part(listing), listing).ends).toEqual(['differs']);
    });
  },
);
