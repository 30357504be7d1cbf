import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../../src/wire/dictionary.ts';
import { encodeOffer, makeTerms, readGreeting, settle, type TermsOptions } from '../../src/wire/handshake.ts';

function decodeOffer(bytes: string) {
  const input = new ByteQueue();
  input.push(Buffer.from(bytes, 'latin1'));
  const heading = input.text(4);
  const options = new DictionaryDecoder(1_000).next(input);
  return { heading, options: options === MALFORMED ? options : Object.fromEntries(options ?? []) };
}

describe('the first four bytes (P2)', () => {
  test.each(['X000', 'X999', 'Xabc'])('%s select the new handshake (P2.1)', (four) => {
    expect(readGreeting(four)).toEqual({ kind: 'new' });
  });

  test.each([
    ['0000', false],
    ['1111', false],
    ['2222', true],
    ['x000', true],
    ['\0\0\0\0', true],
  ])('%j select the old handshake: no metadata, cookie %s (P2.4)', (four, cookie) => {
    expect(readGreeting(four)).toEqual({ kind: 'old', format: { metadata: false, cookie } });
  });
});

describe('the offer of a server (P2.1)', () => {
  const plain = { MetadataToServer: '', MetadataFromServer: '', KillServerOnClose: '' };

  test.each<[string, TermsOptions, Record<string, string>]>([
    ['plain', { tls: 'none' }, plain],
    ['with a web interface', { tls: 'none', webPort: 8766 }, { ...plain, NwsWebPort: '8766' }],
    ['with a key', { tls: 'offered' }, { ...plain, SSL: '' }],
  ])('%s', (_, server, expected) => {
    expect(decodeOffer(encodeOffer(makeTerms(server)))).toEqual({ heading: 'P000', options: expected });
  });
});

describe('the reply to the options of a client (P2.3, P3)', () => {
  const offer = makeTerms({ tls: 'offered', webPort: 8766 });
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

  test('refuses TLS without a key', () => {
    expect(settle(makeTerms({ tls: 'none' }), new Map([['SSL', '1']]))).toEqual({ refused: 'SSL' });
  });
});

describe('the authentication that a server requires (P2.5)', () => {
  const terms = makeTerms({ tls: 'required', admits: (token) => token === 'secret' });
  const wanting = (wanted: Record<string, string>) => settle(terms, new Map(Object.entries(wanted)));

  test('is offered, and a missing or wrong secret is refused by name', () => {
    expect(terms.offer.has('Token')).toBe(true);
    expect(wanting({ Token: 'secret' })).toEqual({ refused: 'SSL' });
    expect(wanting({ SSL: '1' })).toEqual({ refused: 'Token' });
    expect(wanting({ SSL: '1', Token: 'secrets' })).toEqual({ refused: 'Token' });
    expect(wanting({ SSL: '1', Token: 'secret' })).toMatchObject({ secure: true });
  });

  test('may be none, and a token is then refused', () => {
    expect(settle(makeTerms({ tls: 'none' }), new Map([['Token', 'secret']]))).toEqual({ refused: 'Token' });
  });
});
