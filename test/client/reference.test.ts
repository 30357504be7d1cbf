import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sleigh-reference-'));
beforeAll(() => execFileSync(process.execPath, [join(ROOT, 'scripts/reference.mjs'), folder]));
afterAll(() => rmSync(folder, { recursive: true }));

const pages = (of: string): Record<string, string> =>
  Object.fromEntries(readdirSync(of).map((name) => [name, readFileSync(join(of, name), 'utf8')]));

describe('docs/reference', () => {
  it('is up to date with the docstrings (otherwise run `npm run reference`)', () => {
    expect(pages(join(ROOT, 'docs/reference'))).toEqual(pages(folder));
  });

  it('describes every public class and function', () => {
    const rows = (pages(folder)['README.md'] ?? '').split('\n').filter((line) => line.startsWith('| ['));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => !/\| \S.*\S \|$/.test(row))).toEqual([]);
  });

  it('contains no comment marks and no private members', () => {
    const text = Object.values(pages(folder)).join('');
    expect(text).not.toMatch(/#private|^- `private/m);
    expect(text.replaceAll(/^```ts\n[^]*?^```$/gm, '')).not.toMatch(/\/\*\*|\*\//);
  });
});
