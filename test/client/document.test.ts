import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { isShort } from '../support/form.ts';

const ROOT = join(import.meta.dirname, '../..');
/** In the package, so that it can be imported by its own name. */
const folder = mkdtempSync(join(ROOT, 'test/client/document-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Block {
  readonly name: string;
  /** Its output, if the document states it. */
  readonly output: string | undefined;
}

/** Makes files of the named blocks of code in a document. */
function blocksOf(document: string): Block[] {
  const markdown = readFileSync(join(ROOT, 'docs', document), 'utf8');
  const blocks = markdown.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms);
  return Array.from(blocks, ([, name = '', code = '', output]) => {
    writeFileSync(join(folder, name), code);
    return { name, output };
  });
}

blocksOf('client.md');
const tutorial = blocksOf('tutorial.md');

async function run(name: string): Promise<string[]> {
  const child = spawn(process.execPath, [join(folder, name)], { stdio: ['ignore', 'pipe', 'inherit'] });
  return (await text(child.stdout)).trimEnd().split('\n');
}

describe.skipIf(isShort)('the code in docs/tutorial.md', () => {
  const programs = tutorial.filter(({ output }) => output !== undefined);

  it('is complete', () => {
    expect(programs).toHaveLength(tutorial.length - 1);
  });

  it.each(programs)('in $name prints the output shown below it', async ({ name, output = '' }) => {
    expect(await run(name)).toEqual(output.trimEnd().split('\n'));
  });
});

describe('the code in docs/client.md', () => {
  it('uses variables', async () => {
    expect(await run('variables.mjs')).toEqual([
      '{ cakes: 2 } 7',
      'undefined timed-out',
      'abc',
      "[ 'film: 0', 'orders: 0' ]",
    ]);
  });
});

describe.skipIf(isShort)('the code in docs/client.md', () => {
  it('runs workers, from an empty folder', async () => {
    expect(await run('sleigh.mjs')).toEqual([
      '[ 1, 4, 9 ]',
      '[ 10, 20 ]',
      'threw 0 TypeError: Cannot mix BigInt and other types, use explicit conversions',
      '2 2',
    ]);
  });

  it('makes single calls in a pool, and ends without stopping it', async () => {
    expect(await run('pool.mjs')).toEqual(['[ 1, 4, 9 ]', 'threw']);
  });

  it('retries, and draws the same random numbers', async () => {
    expect(await run('retries.mjs')).toEqual([
      '[ 1, 2, 3 ]',
      '1: UnrecoverableError: no such number',
      'true',
    ]);
  });

  it('says how far the calls are', async () => {
    expect(await run('progress.mjs')).toEqual(['element 0 has begun', 'done 2', '2 true 0']);
  });

  it('shares a value, and lets calls depend on others', async () => {
    expect(await run('memory.mjs')).toEqual(['100', '1000000', '0']);
    expect(await run('dataflow.mjs')).toEqual(['[ 10, 20 ]', '90', '10', '40', '90']);
  });

  it('lets a group grow and shrink', async () => {
    expect(await run('elastic.mjs')).toEqual([
      '[ 1, 4, 9 ] 3',
      '[ 25, 25, 25 ]',
      '{ index: 3, worker: 3, value: 25 }',
    ]);
  });
});
