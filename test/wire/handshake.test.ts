import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../../src/wire/dictionary.ts';
import {
  encodeOffer,
  makeTerms,
  readGreeting,
  settle,
  termsWith,
  UNGUARDED,
  type TermsOptions,
} from '../../src/wire/handshake.ts';

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
    ['that requires TLS', { tls: 'required' }, { ...plain, SSL: '' }],
    ['with a store (D7)', { tls: 'none', durability: 'reply' }, { ...plain, Durability: 'reply' }],
    ['with a shared store (D24)', { tls: 'none', store: 'pg' }, { ...plain, Store: 'pg' }],
    ['with a token (P2.5)', { tls: 'none', admits: () => false }, { ...plain, Token: '' }],
    ['that clients may stop', { tls: 'none', mayBeStopped: true }, plain],
    [
      'that no client may stop (P3)',
      { tls: 'none', mayBeStopped: false },
      { MetadataToServer: '', MetadataFromServer: '' },
    ],
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

  test('may be a proof, for which each connection has a nonce of its own', () => {
    const asked: unknown[] = [];
    const guarded = makeTerms({ tls: 'none', admits: (...said) => asked.push(said) > 1 });
    const withNonce = termsWith(guarded, '0a1b');
    expect([...withNonce.offer].slice(-2)).toEqual([
      ['TokenNonce', '0a1b'],
      ['Token', ''],
    ]);
    expect(withNonce).toMatchObject({ demanded: 'Token', admits: guarded.admits });
    const wanted = new Map([
      ['TokenNonce', '0a1b'],
      ['Token', 'proof'],
    ]);
    expect(settle(withNonce, wanted)).toEqual({ refused: 'Token' });
    expect(settle(withNonce, wanted)).toMatchObject({ secure: false });
    expect(asked).toEqual([
      ['proof', '0a1b'],
      ['proof', '0a1b'],
    ]);
    expect(settle(withNonce, new Map([...wanted, ['TokenNonce', '0a1c']]))).toEqual({
      refused: 'TokenNonce',
    });
  });

  test('needs no nonce without a token, and the terms are those of all', () => {
    const open = makeTerms({ tls: 'none' });
    expect(termsWith(open, '0a1b')).toBe(open);
    expect(termsWith(terms, undefined)).toBe(terms);
    expect(open).toMatchObject({ demanded: undefined });
    expect(open.admits(undefined, undefined)).toBe(true);
    expect(UNGUARDED.admits()).toBe(true);
  });

  test('is demanded by name, TLS before the token', () => {
    const demanded = (['none', 'offered', 'required'] as const).flatMap((tls) => [
      makeTerms({ tls }).demanded,
      makeTerms({ tls, admits: () => true }).demanded,
    ]);
    expect(demanded).toEqual([undefined, 'Token', undefined, 'Token', 'SSL', 'SSL']);
  });
});
