import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { exportOf, functionOf, loadModule } from '../../src/client/task/module-function.ts';
import {
  flagsForProcess,
  flagsForThread,
  processFlags,
  threadFlags,
} from '../../src/client/sentinel/node-flags.ts';
import { pathOf, tasks } from '../../src/client/task/task.ts';

const folder = mkdtempSync(join(tmpdir(), 'sleigh-modules-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** @returns the path of a new module */
function moduleOf(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

const BUILT = new URL('../../dist/client/task/module-function.js', import.meta.url);
const ES_MODULE = "Object.defineProperty(exports, '__esModule', { value: true });\n";

/** A test runner imports CommonJS in its own way, and workers import it as Node does: both are tested. */
const FORMS: readonly (readonly [what: string, name: string, source: string, exported: string])[] = [
  ['an ES module', 'a.mjs', 'export const plus = (n) => n + 1;', 'plus'],
  ['an ES module, its default', 'b.mjs', 'export default (n) => n + 1;', 'default'],
  ['an ES module whose default is an object', 'c.mjs', 'export default { plus: (n) => n + 1 };', 'plus'],
  ['CommonJS', 'd.cjs', 'exports.plus = (n) => n + 1;', 'plus'],
  ['CommonJS that is a function', 'e.cjs', 'module.exports = (n) => n + 1;', 'default'],
  ['CommonJS that is an object', 'f.cjs', 'module.exports = { plus: (n) => n + 1 };', 'plus'],
  [
    'CommonJS made by a call',
    'g.cjs',
    'const make = () => ({ plus: (n) => n + 1 });\nmodule.exports = make();',
    'plus',
  ],
  [
    'CommonJS that is an instance, whose methods need `this`',
    'h.cjs',
    'class Adder { by = 1; plus(n) { return n + this.by; } }\nmodule.exports = new Adder();',
    'plus',
  ],
  [
    'CommonJS that is a function with others',
    'i.cjs',
    'module.exports = Object.assign(() => 0, { plus: (n) => n + 1 });',
    'plus',
  ],
  ['TypeScript’s CommonJS, its default', 'j.cjs', `${ES_MODULE}exports.default = (n) => n + 1;`, 'default'],
  [
    'TypeScript’s CommonJS',
    'k.cjs',
    `${ES_MODULE}exports.plus = void 0;\nexports.plus = (n) => n + 1;`,
    'plus',
  ],
  [
    'TypeScript’s CommonJS whose default is an object',
    'l.cjs',
    `${ES_MODULE}exports.default = { plus: (n) => n + 1 };`,
    'plus',
  ],
  [
    'CommonJS with getters, as bundlers write it',
    'm.cjs',
    'const all = {};\nObject.defineProperty(all, "plus", { enumerable: true, get: () => (n) => n + 1 });\nmodule.exports = all;',
    'plus',
  ],
];

describe('a function of a module', () => {
  it.each(FORMS)('is found if it is %s', async (_what, name, source, exported) => {
    const path = moduleOf(name, source);
    expect(functionOf(await loadModule(path), path, exported)(1)).toBe(2);
  });

  it('is found by Node itself in each of these modules', () => {
    const forms = FORMS.map(([, name, source, exported]) => [moduleOf(name, source), exported]);
    const program = `import { functionOf, loadModule } from ${JSON.stringify(BUILT.href)};
      for (const [path, name] of ${JSON.stringify(forms)})
        console.log(functionOf(await loadModule(path), path, name)(1));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    expect(printed).toBe('2\n'.repeat(FORMS.length));
  });

  it.each([
    ['that is not exported', 'other'],
    ['that all objects have', 'toString'],
    ['that all functions have', 'call'],
  ])('%s is rejected, with the list of exports', async (_what, exported) => {
    const path = moduleOf('n.cjs', 'module.exports = Object.assign(() => 0, { plus: (n) => n + 1 });');
    const exports = await loadModule(path);
    const error = expect.objectContaining({
      code: 'no-export',
      message: `${path} does not export a function "${exported}". It exports default, plus.`,
    });
    expect(() => functionOf(exports, path, exported)).toThrow(error);
  });

  it.each([
    ['nothing', 'export {};', 'default', 'a function as its default', 'It exports nothing'],
    ['other values', 'export const b = 1, a = 2;', 'plus', 'a function "plus"', 'It exports a, b'],
  ])('of a module that exports %s is rejected', async (what, source, name, wanted, others) => {
    const path = moduleOf(`${what.replace(' ', '-')}.mjs`, source);
    const exports = await loadModule(path);
    expect(() => functionOf(exports, path, name === 'default' ? undefined : name)).toThrow(
      `${path} does not export ${wanted}. ${others}.`,
    );
  });

  it('may be in a default export of a default export, and no deeper', () => {
    const [third, fourth] = [() => 3, () => 4];
    const exports: Record<string, unknown> = { default: { default: { third, default: { fourth } } } };
    expect(exportOf(exports, 'third')).toBeInstanceOf(Function);
    expect(exportOf(exports, 'fourth')).toBeUndefined();
    exports['default'] = exports;
    expect(exportOf(exports, 'none')).toBeUndefined();
  });

  it('takes precedence over an export that is not a function, which is returned only if no function exists', async () => {
    const path = moduleOf('o.cjs', `${ES_MODULE}exports.input = [1];\nmodule.exports.more = 2;`);
    const exports = await loadModule(path);
    expect([exportOf(exports, 'input'), exportOf(exports, 'none')]).toEqual([[1], undefined]);
  });
});

describe('a module', () => {
  it('that does not exist is reported as missing', async () => {
    const path = join(folder, 'none.mjs');
    await expect(loadModule(path)).rejects.toMatchObject({
      code: 'not-loaded',
      message: `cannot load ${path}: there is no such file`,
    });
  });

  it('that is there later is loaded then', async () => {
    const path = join(folder, 'later.mjs');
    await expect(loadModule(path)).rejects.toMatchObject({ code: 'not-loaded' });
    moduleOf('later.mjs', 'export const plus = (n) => n + 1;');
    expect(functionOf(await loadModule(path), path, 'plus')(1)).toBe(2);
  });

  it('that throws is not replaced by a source beside it', async () => {
    moduleOf('beside.mts', 'export const plus = 1;');
    const path = moduleOf('beside.mjs', "throw new RangeError('the built one');");
    await expect(loadModule(path)).rejects.toThrow('RangeError: the built one');
  });

  it.each([
    ['.js', '.ts'],
    ['.mjs', '.mts'],
  ])('%s that is not built yet is its source %s', async (built, extension) => {
    moduleOf(`source${extension}`, 'export const plus = (n: number): number => n + 1;');
    const path = join(folder, `source${built}`);
    expect(functionOf(await loadModule(path), path, 'plus')(1)).toBe(2);
    expect(await loadModule(path)).toBe(await loadModule(path));
    moduleOf(`broken${extension}`, "throw new RangeError('not today');");
    await expect(loadModule(join(folder, `broken${built}`))).rejects.toThrow('RangeError: not today');
  });

  it('that imports a missing module is not itself reported as missing', async () => {
    const path = moduleOf('importing.mjs', "import './none.mjs';");
    await expect(loadModule(path)).rejects.toMatchObject({
      code: 'not-loaded',
      message: expect.stringMatching(/^cannot load .*importing\.mjs: .*none\.mjs/),
    });
  });

  it('that throws while loading is reported with the error as the cause', async () => {
    const path = moduleOf('throwing.mjs', "throw new RangeError('not today');");
    await expect(loadModule(path)).rejects.toMatchObject({
      code: 'not-loaded',
      message: `cannot load ${path}: RangeError: not today ("node ${path}" shows where)`,
      cause: expect.objectContaining({ message: 'not today' }),
    });
  });

  it.each([
    ['a path', '/a/b.mjs', '/a/b.mjs'],
    ['a relative path', 'b.mjs', join(process.cwd(), 'b.mjs')],
    ['a URL', new URL('file:///a/b%20c.mjs?v=1'), '/a/b c.mjs'],
    ['the text of one', 'file:///a/b.mjs', '/a/b.mjs'],
  ])('can be named by %s', (_what, module, path) => {
    expect(pathOf(module)).toBe(path);
  });

  it.each([[new URL('https://shop.example/a.mjs')], ['node:fs'], ['data:text/javascript,1']])(
    'cannot be %s',
    (module) => {
      expect(() => tasks(module)).toThrow(`\`module\` must be a path or a file: URL, got ${String(module)}.`);
    },
  );

  it('gives tasks by name and nothing for symbols, so the tasks can be printed and awaited', async () => {
    const all = tasks<{ plus(n: number): number }>(pathToFileURL('/a/b.mjs'));
    expect(all.plus).toEqual({ module: '/a/b.mjs', name: 'plus' });
    expect(Reflect.get(all, Symbol.toPrimitive)).toBeUndefined();
    expect(await Promise.resolve(all)).toBe(all);
  });
});

describe('the Node flags for workers', () => {
  it.each([
    [[], [], undefined],
    [['--import', 'tsx', '--no-warnings'], ['--import', 'tsx', '--no-warnings'], undefined],
    [['--input-type=module', '-e', 'x'], [], []],
    [['--input-type', 'module', '--import=tsx'], ['--import=tsx'], ['--import=tsx']],
    [
      ['--eval=x', '-r', './a.cjs', '--max-old-space-size=9'],
      ['-r', './a.cjs', '--max-old-space-size=9'],
      ['-r', './a.cjs'],
    ],
    [
      ['-p', 'x', '-C', 'dev'],
      ['-C', 'dev'],
      ['-C', 'dev'],
    ],
    [['--inspect-brk=9229', '--enable-source-maps'], ['--enable-source-maps'], []],
  ])('are correct for %j', (flags, forProcess, forThread) => {
    expect(flagsForProcess(flags)).toEqual(forProcess);
    expect(flagsForThread(flags)).toEqual(forThread);
  });

  it('are followed by those of the limits, in the units of V8, and those that the workers are to have', () => {
    const own = ['--eval=x', '--import=tsx'];
    const limits = { maxOldGenerationSizeMb: 9, maxYoungGenerationSizeMb: 7, stackSizeMb: 1.5 };
    expect(processFlags(own, { execArgv: ['--one'], resourceLimits: limits })).toEqual([
      '--import=tsx',
      '--max-old-space-size=9',
      '--max-semi-space-size=3',
      '--stack-size=1536',
      '--one',
    ]);
    for (const maxYoungGenerationSizeMb of [0, 3])
      expect(processFlags([], { resourceLimits: { maxYoungGenerationSizeMb } })).toEqual([
        '--max-semi-space-size=1',
      ]);
    expect(processFlags([], {})).toEqual([]);
    expect([threadFlags(own, {}), threadFlags(own, { execArgv: ['--one'] })]).toEqual([
      ['--import=tsx'],
      ['--import=tsx', '--one'],
    ]);
    expect([threadFlags(['--no-warnings'], {}), threadFlags(['--no-warnings'], { execArgv: [] })]).toEqual([
      undefined,
      ['--no-warnings'],
    ]);
  });
});

describe('a function of Python (C8)', () => {
  it('is named by its module, or by the path of its file', () => {
    const language = 'python';
    expect([tasks.python('a.b:f'), tasks.python('dir/t.py:g'), tasks.python('/c:/t.py:h')]).toEqual([
      { module: 'a.b', name: 'f', language },
      { module: join(process.cwd(), 'dir/t.py'), name: 'g', language },
      { module: '/c:/t.py', name: 'h', language },
    ]);
    for (const bad of ['math', ':f', 'math:']) expect(() => tasks.python(bad)).toThrow(TypeError);
  });
});
