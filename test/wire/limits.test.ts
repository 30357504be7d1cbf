import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, LIMITS } from '../../src/wire/limits.ts';

const protocol = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

describe.each(Object.entries(LIMITS))('the limit %s', (name, { default: usual, unit, clause }) => {
  it('has its documented default', () => {
    expect(new Map(Object.entries(DEFAULT_LIMITS)).get(name)).toBe(usual);
  });

  it('has its unit in its name', () => {
    expect(name.endsWith('Bytes')).toBe(unit === 'bytes');
    expect(name.endsWith('Seconds')).toBe(unit === 'seconds');
  });

  it('belongs to a clause that exists', () => {
    expect(protocol.includes(`**${clause}.**`)).toBe(true);
  });
});
