import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
/** Inside of the package, so that it is found by its own name. */
const folder = mkdtempSync(join(ROOT, 'test/client/document-'));
afterAll(() => rmSync(folder, { recursive: true }));

const blocks = readFileSync(join(ROOT, 'docs/client.md'), 'utf8').matchAll(
  /^```js\n\/\/ (\S+)\n(.*?)^```$/gms,
);
for (const [, name = '', code = ''] of blocks) writeFileSync(join(folder, name), code);

async function run(name: string): Promise<string[]> {
  const child = spawn(process.execPath, [join(folder, name)], { stdio: ['ignore', 'pipe', 'inherit'] });
  return (await text(child.stdout)).trimEnd().split('\n');
}

describe('the code in docs/client.md', () => {
  it('runs workers from nothing', async () => {
    expect(await run('sleigh.mjs')).toEqual([
      '[ 1, 4, 9 ]',
      '[ 10, 20 ]',
      'threw 0 TypeError: Cannot mix BigInt and other types, use explicit conversions',
      '2 2',
    ]);
  });

  it('uses variables', async () => {
    expect(await run('variables.mjs')).toEqual([
      '{ cakes: 2 } 7',
      'undefined timed-out',
      'abc',
      "[ 'film: 0', 'orders: 0' ]",
    ]);
  });
});
