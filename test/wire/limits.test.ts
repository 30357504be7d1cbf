import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { DEFAULT_LIMITS, LIMITS } from '../../src/wire/limits.ts';

const protocol = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const reference = readFileSync(new URL('../../docs/reference/limits.md', import.meta.url), 'utf8');

describe.each(Object.entries(LIMITS))('the limit %s', (name, { default: usual, unit, clause }) => {
  it('has its documented default', () => {
    expect(new Map(Object.entries(DEFAULT_LIMITS)).get(name)).toBe(usual);
    expect(reference).toContain(`| \`${name}\` | ${usual.toLocaleString('en')} | ${unit} | ${clause} |`);
  });

  it('has its unit in its name', () => {
    expect(name.endsWith('Bytes')).toBe(unit === 'bytes');
    expect(name.endsWith('Seconds')).toBe(unit === 'seconds');
  });

  it('belongs to a clause that exists', () => {
    expect(protocol.includes(`**${clause}.**`)).toBe(true);
  });
});

describe.each(Object.entries(BOUNDS))('the bound %s', (name, bound) => {
  it('is documented', () => {
    const { value, unit, what } = bound;
    const clause = 'clause' in bound ? bound.clause : '';
    expect(reference).toContain(
      `| \`${name}\` | ${value.toLocaleString('en')} | ${unit} | ${clause} | ${what} |`,
    );
  });
});
