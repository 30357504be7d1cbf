import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientHandshake } from '../../src/client/connection/handshake.ts';
import { ReplyDecoder, type Reply } from '../../src/wire/reply-decoder.ts';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { encodeOffer, makeTerms } from '../../src/wire/handshake.ts';
import { encodeReply, STATUS } from '../../src/wire/reply.ts';
import { bytes, chunking, metadata } from '../support/arbitraries.ts';

const FORMAT = { metadata: true, cookie: true };

const value = fc.record({
  descriptor: fc.nat(),
  variableId: fc.constantFrom('', 'run00000000000000042'),
  index: fc.nat(),
  payload: bytes(200),
});
const reply = fc.record({
  status: fc.constantFrom(...Object.values(STATUS)),
  metadata,
  value: fc.option(value, { nil: undefined }),
});

describe('a reply', () => {
  it('is decoded as it was encoded, however it is cut into chunks (P6, P7)', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 4 }), chunking, (replies, cut) => {
        const input = new ByteQueue();
        const decoder = new ReplyDecoder(input);
        const read: (Reply | 'malformed')[] = [];
        const stream = replies
          .map((each) => encodeReply(FORMAT, each.status, each.metadata, each.value))
          .join('');
        for (const chunk of cut(stream)) {
          input.push(chunk);
          for (let isMore = true; isMore;) {
            const next = decoder.next(replies[read.length]?.value !== undefined);
            isMore = next !== undefined && read.push(next) < replies.length;
          }
        }
        expect(input.length).toBe(0);
        expect(read).toEqual(
          replies.map(({ value, ...head }) => ({
            ...head,
            value: value && { ...value, payload: Buffer.from(value.payload, 'latin1') },
          })),
        );
      }),
    );
  });

  it.each(['00x0', '0000xxxx', `00000000${'x'.repeat(20)}${' '.repeat(60)}`])('is rejected: %s', (text) => {
    const input = new ByteQueue();
    input.push(Buffer.from(text));
    expect(new ReplyDecoder(input).next(text.length > 8)).toBe('malformed');
  });
});

describe('the handshake', () => {
  it('requests metadata in both directions, and is done when the server grants it (P2)', () => {
    const input = new ByteQueue();
    const handshake = new ClientHandshake(input);
    for (const byte of encodeOffer(makeTerms({ tls: 'offered', webPort: 80 }))) {
      expect(handshake.next()).toBeUndefined();
      input.push(Buffer.from(byte));
    }
    expect(handshake.next()).toEqual({
      type: 'say',
      bytes: 'R00000020016MetadataToServer000110018MetadataFromServer00011',
    });
    expect(handshake.next()).toBeUndefined();
    input.push(Buffer.from('A000'));
    expect(handshake.next()).toEqual({ type: 'done' });
  });

  it.each(['HTTP/1.1 400', 'P000xxxx', 'P0000000F000'])('fails with a server that answers %s', (text) => {
    const input = new ByteQueue();
    input.push(Buffer.from(text));
    const handshake = new ClientHandshake(input);
    const first = handshake.next();
    expect(first?.type === 'say' ? handshake.next() : first).toMatchObject({ type: 'failed' });
  });
});
