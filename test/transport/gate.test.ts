import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { isSameText } from '../../src/transport/admission.ts';
import { NODE_EDGE } from '../../src/transport/edge.ts';
import { Gate, type Credentials } from '../../src/transport/gate.ts';

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const TLS = { cert: fixture('localhost.crt'), key: fixture('localhost.key') };
const WITH_CA = { ...TLS, ca: fixture('ca.crt') };
const TOKEN = { token: 'secret' };

/** All kinds of credentials, and whether everyone is admitted with them. */
const KINDS: readonly (readonly [name: string, credentials: Credentials, isOpen: boolean])[] = [
  ['none', {}, true],
  ['TLS', { tls: TLS }, true],
  ['a certificate of the client', { tls: WITH_CA }, false],
  ['a token', { admission: TOKEN }, false],
  ['a token and TLS', { tls: TLS, admission: TOKEN }, false],
  ['a token and a certificate', { tls: WITH_CA, admission: TOKEN }, false],
];

describe('the credentials of a server (P2.5)', () => {
  it.each(KINDS)('%s: they say whether everyone is admitted', (_, credentials, isOpen) => {
    const gate = new Gate(credentials);
    expect(gate.isOpen).toBe(isOpen);
    expect(gate.asksForCertificate).toBe(credentials.tls?.ca !== undefined);
    expect(gate.tls === undefined).toBe(credentials.tls === undefined);
    expect(gate.admission.asksForToken).toBe(credentials.admission !== undefined);
  });

  it('admit some addresses only', () => {
    const gate = new Gate({ admission: { allow: ['10.0.0.0/8'] } });
    expect([gate.isOpen, gate.admission.asksForToken]).toEqual([false, false]);
    expect(['10.1.2.3', '11.1.2.3'].map((address) => gate.admission.allows(address))).toEqual([true, false]);
  });

  it('can be replaced by those of the same kind, and by no others', () => {
    for (const [from, before] of KINDS)
      for (const [to, after] of KINDS) {
        const gate = new Gate(before);
        const { admission } = gate;
        if (from === to) {
          gate.reload(after);
          expect(gate.admission).not.toBe(admission);
        } else {
          expect(() => gate.reload(after), `${from} to ${to}`).toThrow('from the start, or never');
          expect(gate.admission).toBe(admission);
        }
      }
  });

  it('are those that were given last, certificates as well', () => {
    const gate = new Gate({ tls: TLS, admission: TOKEN });
    if (gate.tls === undefined) throw new Error('there is no TLS');
    using reload = vi.spyOn(gate.tls, 'reload');
    gate.reload({ tls: TLS, admission: { token: 'another', allow: ['::1'] } });
    expect(reload.mock.calls).toEqual([[TLS]]);
    const proof = proofOf('another', 'n');
    expect(gate.admits(proof, 'n')).toBe(true);
    expect(gate.admission.allows('::2')).toBe(false);
    const broken = { tls: { ...TLS, cert: 'none' }, admission: TOKEN };
    expect(() => gate.reload(broken)).toThrow('certificate');
    expect(gate.admits(proof, 'n')).toBe(true);
  });
});

const proofOf = (token: string, nonce: string): string =>
  createHmac('sha256', token).update(nonce).digest('hex');

describe('a token', () => {
  it.each([
    ['in clear', 'secret', undefined, true],
    ['another one in clear', 'secret2', undefined, false],
    ['none', undefined, undefined, false],
    ['a proof', proofOf('secret', 'n'), 'n', true],
    ['a proof of another token', proofOf('other', 'n'), 'n', false],
    ['a proof for another nonce', proofOf('secret', 'n'), 'm', false],
    ['the token in the place of a proof', 'secret', 'n', false],
    ['no proof', undefined, 'n', false],
  ] as const)('%s is admitted or not, and with TLS none in clear', (_, said, nonce, isAdmitted) => {
    expect(new Gate({ admission: TOKEN }).admits(said, nonce)).toBe(isAdmitted);
    expect(new Gate({ tls: TLS, admission: TOKEN }).admits(said, nonce)).toBe(
      isAdmitted && nonce !== undefined,
    );
  });

  it('that is not asked for is not looked at', () => {
    const gate = new Gate({});
    expect([gate.admits('x', undefined), gate.admits('x', 'n'), gate.admits(undefined, undefined)]).toEqual(
      Array(3).fill(true),
    );
  });

  it('is compared as a text', () => {
    expect([isSameText('a', 'a'), isSameText('a', 'b'), isSameText(undefined, 'a')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(isSameText(undefined, '')).toBe(true);
  });
});

it('each connection of each server has a nonce of its own, which is always the same', () => {
  const [one, other] = [new Gate({}), new Gate({})];
  const nonces = [one.nonceOf(1), one.nonceOf(2), other.nonceOf(1)];
  expect(new Set(nonces).size).toBe(3);
  for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{64}$/);
  expect(one.nonceOf(1)).toBe(nonces[0]);
});

it('each run of a server has a name of 8 characters', () => {
  const names = Array.from({ length: 20 }, NODE_EDGE.newRun);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{8}$/);
  expect(new Set(names).size).toBe(20);
});

describe('a token (P2.5)', () => {
  it('has from 1 to 9999 bytes', () => {
    for (const length of [1, 9_999])
      expect(new Gate({ admission: { token: 'x'.repeat(length) } }).admission.asksForToken).toBe(true);
    for (const length of [0, 10_000])
      expect(() => new Gate({ admission: { token: 'x'.repeat(length) } })).toThrow(
        'a token has from 1 to 9999 bytes',
      );
  });

  it('is a key of its Latin-1 bytes', () => {
    const gate = new Gate({ admission: { token: 'ü' } });
    const proof = createHmac('sha256', Buffer.of(0xfc)).update('n').digest('hex');
    expect(gate.admits(proof, 'n')).toBe(true);
  });
});
