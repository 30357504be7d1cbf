import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sleigh, TaskError, tasks, threads } from '../../src/client/index.ts';

const module = new URL('modules/throwing.mjs', import.meta.url);
const { fail } = tasks<{ fail(name: string): never }>(module);
const folder = mkdtempSync(join(tmpdir(), 'sleigh-errors-'));
let sleigh: Sleigh;
beforeAll(async () => {
  sleigh = await Sleigh.start({ workers: 1, launch: threads() });
});
afterAll(async () => {
  await sleigh.stop();
  rmSync(folder, { recursive: true });
});

async function errorOf(name: string): Promise<TaskError> {
  const [error] = await sleigh.eachElem(fail, [name], { errors: 'collect' });
  if (error instanceof TaskError) return error;
  throw new TypeError('it did not fail');
}

describe('the error of a task (C6)', () => {
  it.each(['nested', 'later'])('arrives as the cause, with everything that can be sent: %s', async (name) => {
    const { cause, code, reason } = await errorOf(name);
    expect([code, reason]).toEqual(['threw', 'HttpError: busy']);
    expect(cause).toBeInstanceOf(TypeError);
    expect(cause).toMatchObject({
      name: 'HttpError',
      message: 'busy',
      status: 503,
      code: 'ECONNRESET',
      retry: { after: new Date(0), with: new Map([[1, new URL('https://shop.example/')]]) },
      send: '[Function: send]',
      agent: '[Agent]',
      cause: { name: 'RangeError', message: 'socket', cause: 'unplugged' },
    });
    expect(Object.keys(Object(cause))).not.toContain('cause');
  });

  it('may be an AggregateError', async () => {
    const { cause } = await errorOf('several');
    expect(cause).toBeInstanceOf(AggregateError);
    expect(cause).toMatchObject({
      message: 'both failed',
      errors: [{ message: 'first' }, { message: 'second' }],
    });
    expect(Object(cause).errors[1]).toBeInstanceOf(SyntaxError);
  });

  it('may contain a cycle', async () => {
    const { cause } = await errorOf('circular');
    expect(Object(cause).self.error).toBe(cause);
  });

  it('may be a DOMException', async () => {
    const { cause } = await errorOf('abort');
    expect(cause).toBeInstanceOf(DOMException);
    expect(cause).toMatchObject({ name: 'AbortError', code: 20 });
  });

  it('is truncated if it is large', async () => {
    const { body, bytes } = Object((await errorOf('huge')).cause);
    expect(body).toMatch(/^x{65536}… \(934464 more characters\)$/);
    expect(bytes).toBe('[Uint8Array]');
  });

  it.each([
    ['text', 'no', "thrown: 'no'"],
    ['nothing', undefined, 'thrown: undefined'],
    ['object', { code: 7, retry: '[Function: retry]' }, 'thrown: { code: 7, retry: [Function: retry] }'],
  ])('may be a value other than an Error: %s', async (name, cause, reason) => {
    const error = await errorOf(name);
    expect([error.cause, error.reason, 'cause' in error]).toEqual([cause, reason, true]);
  });

  it('affects nothing else if it cannot be read', async () => {
    const error = await errorOf('strange');
    expect(error.code).toBe('threw');
    expect(error.cause).toBeInstanceOf(Error);
  });
});

describe('the stack of a TaskError', () => {
  it('has the lines of the task, then those of the caller that began the batch, and none of this package', async () => {
    const { stack = '', cause, remoteStack } = await errorOf('nested');
    const [title, ...frames] = stack.split('\n');
    expect(title).toBe('TaskError: element 0: HttpError: busy');
    expect(frames[0]).toMatch(/^ {4}at refuse \(.*modules\/throwing\.mjs:\d+:\d+\)$/);
    const first = frames.findIndex((frame) => frame.includes('task-errors.test.ts'));
    expect(first).toBeGreaterThan(0);
    expect(frames.slice(0, first).every((frame) => frame.includes('throwing.mjs'))).toBe(true);
    const all = [stack, remoteStack, Object(cause).stack].join('\n');
    expect(all).not.toMatch(/\/(?:src|dist)\/client\//);
    expect(all).not.toContain('node:internal');
  });

  it.each([
    ['eachWorker', () => sleigh.eachWorker(fail, 'nested')],
    [
      'for await',
      async () => {
        for await (const never of sleigh.eachElem(fail, ['nested'])) expect(never).toBeUndefined();
      },
    ],
    ['one element', async () => (await sleigh.eachElem(fail, ['nested'], { chunkSize: 1 }))[0]],
  ])('has the line that called %s', async (_, call) => {
    const { stack = '' } = await call().then(() => new Error('it did not fail'), Object);
    expect(stack).toMatch(/^TaskError: element 0: HttpError: busy\n {4}at refuse \(/);
    expect(stack).toContain('task-errors.test.ts');
    expect(stack).not.toMatch(/\/(?:src|dist)\/client\//);
  });

  it('is printed for an uncaught error, with its causes and nothing else of this package', async () => {
    const main = join(folder, 'main.mjs');
    const index = new URL('../../dist/client/index.js', import.meta.url);
    writeFileSync(
      main,
      `import { Sleigh, tasks } from ${JSON.stringify(index.href)};
       const sleigh = await Sleigh.start({ workers: 1 });
       await sleigh.eachElem(tasks(${JSON.stringify(module.href)}).fail, ['nested']);`,
    );
    const child = spawn(process.execPath, [main], { stdio: ['ignore', 'ignore', 'pipe'] });
    const printed = await text(child.stderr);
    expect(printed).toMatch(/TaskError: element 0: HttpError: busy\n {4}at refuse \(/);
    expect(printed).toContain(`${main}:3`);
    expect(printed).toMatch(/\[cause\]: RangeError: socket/);
    expect(printed).toContain("code: 'ECONNRESET'");
    expect(printed).not.toMatch(/\/(?:src|dist)\/client\//);
    expect(printed.split('\n').length).toBeLessThan(50);
  });

  it('names the lines of the source if the module has a source map', async () => {
    const map = {
      version: 3,
      sources: ['original.ts'],
      names: [],
      // The first line of the module is the fifth of the source.
      mappings: 'AAIA',
    };
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
    const path = join(folder, 'compiled.mjs');
    writeFileSync(
      path,
      `export const fail = () => { throw new Error('mapped'); };\n//# sourceMappingURL=${url}\n`,
    );
    const { fail: mapped } = tasks<{ fail(): never }>(path);
    const [error] = await sleigh.eachElem(mapped, [1], { errors: 'collect' });
    expect(error?.stack).toMatch(/original\.ts:5/);
  });
});

describe('the results of a batch', () => {
  it('are a promise that can be caught, finished, and passed to any function that accepts promises', async () => {
    const seen: string[] = [];
    const results = sleigh.eachElem(fail, ['text']).finally(() => seen.push('ended'));
    expect(await results.catch((error: unknown) => String(error))).toBe("TaskError: element 0: thrown: 'no'");
    const caught = sleigh.eachElem(fail, ['text']).catch(() => 'caught');
    const settled = await Promise.allSettled([caught, sleigh.eachElem(fail, ['nothing'])]);
    expect([seen, settled.map(({ status }) => status)]).toEqual([['ended'], ['fulfilled', 'rejected']]);
    expect(Object.prototype.toString.call(sleigh.eachElem(fail, []))).toBe('[object Results]');
  });
});
