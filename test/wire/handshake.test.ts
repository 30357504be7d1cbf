import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../../src/wire/dictionary.ts';
import { encodeOffer, makeOffer, readGreeting, settle } from '../../src/wire/handshake.ts';

function decodeOffer(bytes: string) {
  const input = new ByteQueue();
  input.push(Buffer.from(bytes, 'latin1'));
  const heading = input.text(4);
  const options = new DictionaryDecoder(1_000).next(input);
  return { heading, options: options === MALFORMED ? options : Object.fromEntries(options ?? []) };
}

describe('the first four bytes (P2)', () => {
  test.each(['X000', 'X999', 'Xabc'])('%s: the new handshake (P2.1)', (four) => {
    expect(readGreeting(four)).toEqual({ kind: 'new' });
  });

  test.each([
    ['0000', false],
    ['1111', false],
    ['2222', true],
    ['x000', true],
    ['\0\0\0\0', true],
  ])('%j: the old one, no metadata, cookie %s (P2.4)', (four, cookie) => {
    expect(readGreeting(four)).toEqual({ kind: 'old', format: { metadata: false, cookie } });
  });
});

describe('what a server offers (P2.1)', () => {
  const plain = { MetadataToServer: '', MetadataFromServer: '', KillServerOnClose: '' };

  test.each([
    ['plain', { tls: false }, plain],
    ['with a web interface', { tls: false, webPort: 8766 }, { ...plain, NwsWebPort: '8766' }],
    ['with a key', { tls: true }, { ...plain, SSL: '' }],
  ])('%s', (_, server, expected) => {
    expect(decodeOffer(encodeOffer(makeOffer(server)))).toEqual({ heading: 'P000', options: expected });
  });
});

describe('what a client gets (P2.3, P3)', () => {
  const offer = makeOffer({ tls: true, webPort: 8766 });
  const nothing = {
    metadataToServer: false,
    metadataFromServer: false,
    killServerOnClose: false,
    secure: false,
  };

  test.each([
    [{}, nothing],
    [{ MetadataToServer: '1' }, { ...nothing, metadataToServer: true }],
    [{ MetadataFromServer: '1' }, { ...nothing, metadataFromServer: true }],
    [{ KillServerOnClose: '1' }, { ...nothing, killServerOnClose: true }],
    [{ MetadataToServer: 'yes', MetadataFromServer: '0', KillServerOnClose: '' }, nothing],
    [{ NwsWebPort: '8766' }, nothing],
    [{ SSL: '' }, { ...nothing, secure: true }],
    [{ SSL: '1' }, { ...nothing, secure: true }],
    [{ SSL: '0' }, { refused: 'SSL' }],
    [{ NwsWebPort: '80' }, { refused: 'NwsWebPort' }],
    [{ NwsWebPort: '' }, { refused: 'NwsWebPort' }],
    [{ MetadataToServer: '1', Unknown: '' }, { refused: 'Unknown' }],
  ])('%j', (wanted, expected) => {
    expect(settle(offer, new Map(Object.entries(wanted)))).toEqual(expected);
  });

  test('TLS without a key', () => {
    expect(settle(makeOffer({ tls: false }), new Map([['SSL', '1']]))).toEqual({ refused: 'SSL' });
  });
});
