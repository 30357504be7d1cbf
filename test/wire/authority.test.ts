import { describe, expect, it } from 'vitest';
import { authorityOf, isLoopback, parseAuthority } from '../../src/wire/authority.ts';

describe('an address', () => {
  it.each([
    ['localhost:8765', { host: 'localhost', port: 8765 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['a:1', { host: 'a', port: 1 }],
    ['a:65535', { host: 'a', port: 65_535 }],
    ['localhost', undefined],
    [':80', undefined],
    ['a:0', undefined],
    ['a:65536', undefined],
    ['::1:80', undefined],
    ['a:80x', undefined],
    ['xa:80 ', undefined],
  ])('%s is %o', (text, address) => {
    expect(parseAuthority(text)).toEqual(address);
    if (address !== undefined) expect(authorityOf(address.host, address.port)).toBe(text);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['::10', false],
    ['10.127.0.1', false],
    ['localhost.example.org', false],
  ])('%s is for this host alone: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
