import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { totalOf } from '../../src/client/options/batch-options.ts';
import { anything, checkOptions, type Rule } from '../../src/client/options/checked-options.ts';
import {
  checkElements,
  checkLaunchOptions,
  checkName,
  checkSleighOptions,
  checkSleighPoolOptions,
  checkTask,
  DECLARE,
  EACH_ELEM,
  EACH_WORKER,
  GET,
  LOCK,
  STORE,
  STORE_STREAM,
  SUBMIT,
  TAKE,
  WAIT,
  WORKSPACE,
} from '../../src/client/options/option-rules.ts';
import { checkRespawn, restartBudget } from '../../src/client/options/respawn.ts';
import { shown } from '../../src/client/options/shown.ts';
import type { SleighOptions } from '../../src/client/options/sleigh-options.ts';

// What each option may be and may not be, at its bounds.

interface Values {
  readonly good: readonly unknown[];
  /** The beginning of the message, after the name of the option. */
  readonly must: string;
  readonly bad: readonly unknown[];
  /** The kind of the error, if it is always the same. */
  readonly kind?: ErrorConstructor;
}

const yesNo: Values = { good: [true, false], must: 'must be true or false', bad: [0, 'true', null] };
const text: Values = { good: ['', 'x'], must: 'must be a string', bad: [1, null, ['x']] };
const name: Values = { good: ['x'], must: 'must be a string that is not empty', bad: ['', 1, null] };
const called: Values = { good: [() => 1], must: 'must be a function', bad: ['f', {}, null] };
const whole = (least: number): Values => ({
  good: [least, least + 1, Number.MAX_SAFE_INTEGER],
  must: `must be a whole number of at least ${least}`,
  bad: [least - 1, least + 0.5, Number.MAX_SAFE_INTEGER + 1, Infinity, String(least), null],
  kind: RangeError,
});
const positive: Values = {
  good: [Number.MIN_VALUE, 1, Number.MAX_VALUE],
  must: 'must be a number over 0',
  bad: [0, -1, Infinity, Number.NaN, '1', null],
  kind: RangeError,
};
const duration = (unit: string): Values => ({
  good: [0, 0.5, Infinity],
  must: `must be a number of ${unit}`,
  bad: [-1, Number.NaN, '1', null],
});
const one = (...values: readonly string[]): Values => ({
  good: values,
  must: `must be ${values.map((each) => `"${each}"`).join(' or ')}`,
  bad: ['other', '', 1, null],
});
const signal: Values = {
  good: [new AbortController().signal],
  must: 'must be an AbortSignal',
  bad: [new AbortController(), new EventTarget(), { aborted: false, throwIfAborted: () => undefined }, null],
};
const metadata: Values = {
  good: [{}, { a: 'b' }, new Map(), new Map([['a', 'b']])],
  must: 'must be a Map, or an object, of strings',
  bad: [{ a: 'b', c: 1 }, new Map([['a', 1]]), new Map([[1, 'a']]), 'a', null],
};
const flags = (must: string): Values => ({
  good: [[], ['x'], ['x', 'y']],
  must: `must be an array of ${must}`,
  bad: [['x', ''], ['x', 1], 'x', { length: 0 }, null],
});

const wait = { signal, timeout: duration('milliseconds') };
const get = { ...wait, as: one('value', 'found', 'stream'), metadata };
const address = {
  host: name,
  port: {
    good: [1, 65_535],
    must: 'must be a port number from 1 to 65535',
    bad: [0, 65_536, 1.5, '1', null],
    kind: RangeError,
  },
  others: {
    good: [[], ['ada:1', '[::1]:65535']],
    must: 'must be an array of texts HOST:PORT',
    bad: [['ada:1', 'ada'], ['ada:1', 1], ['ada:0'], 'ada:1', null],
  },
  tls: {
    good: [true, false, {}, { ca: '', servername: '', cert: '', key: '', rejectUnauthorized: false }],
    must: '',
    bad: [{ ca: 1 }, { servername: 1 }, { cert: 1 }, { key: 1 }, { rejectUnauthorized: 1 }, 'yes', null],
  },
  token: text,
  followOwner: yesNo,
};
const respawn: Values = {
  good: [true, false, {}, { restarts: 0, within: 0, maxDelay: 0 }],
  must: '',
  bad: [{ restarts: -1 }, { within: -1 }, { maxDelay: -1 }, { more: 1 }, 1, null],
};
const launching = {
  hosts: flags('names of hosts'),
  launch: {
    good: [{ start: () => undefined }],
    must: 'must be a launcher',
    bad: [{}, { start: 1 }, 'ssh', () => undefined, null],
  },
  preload: {
    good: [new URL('file:///p.mjs'), 'p.mjs'],
    must: 'must be the path or the URL of a module',
    bad: ['', 1, null],
  },
  cwd: name,
  env: metadata,
  execArgv: flags('flags'),
  resourceLimits: {
    good: [{}, { maxOldGenerationSizeMb: 1, maxYoungGenerationSizeMb: 1, stackSizeMb: 0.5 }],
    must: '',
    bad: [{ maxOldGenerationSizeMb: 0 }, { maxYoungGenerationSizeMb: 0 }, { stackSizeMb: 0 }, 1, null],
  },
  respawn,
  maxTasksPerWorker: whole(1),
  maxMemory: whole(1),
  concurrency: whole(1),
};
const pool = {
  ...launching,
  join: one('closing', 'elastic'),
  reconnectGrace: duration('seconds'),
  onDeadWorker: one('requeue', 'null', 'shutdown'),
  maxAttempts: whole(1),
  label: text,
  onPage: called,
  onDeath: called,
  onOutput: called,
  signal,
};
const server: Values = {
  good: [{}, { host: 'ada', port: 1 }],
  must: '',
  bad: ['ada:1', [], { port: 0 }, { prot: 1 }, 1, null],
};
const call = {
  signal,
  onAbort: one('ask', 'kill'),
  timeout: duration('milliseconds'),
  priority: {
    good: [-1_000, 0, 1_000],
    must: 'must be a whole number from -1000 to 1000',
    bad: [-1_001, 1_001, 0.5, '1', null],
    kind: RangeError,
  },
  host: name,
  retry: {
    good: [{ attempts: 1 }, { attempts: 2, backoff: 0, when: () => true }, { attempts: 2, backoff: () => 0 }],
    must: '',
    bad: [{}, { attempts: 0 }, { attempts: 1, backoff: -1 }, { attempts: 1, when: 1 }, 3, null],
  },
  seed: { good: [0, 'x'], must: 'must be a number or a string', bad: [{}, null] },
  onElementProgress: called,
  onLog: called,
  fixedArgs: { good: [1, null, 'x'], must: '', bad: [] },
};
const task = { ...call, errors: one('throw', 'collect') };

const checks = (rules: Readonly<Record<string, Rule>>) => (options: unknown) =>
  checkOptions('it', options, rules);
const started =
  (check: (options: never) => void) =>
  (options: object): void =>
    check(unsafeCast({ workers: 1, ...options }));

describe.each<[of: string, check: (options: object) => void, options: Readonly<Record<string, Values>>]>([
  ['a wait', checks(WAIT), wait],
  ['a get', checks(GET), get],
  ['a lease', checks(TAKE), { ...wait, lease: whole(1) }],
  ['a lock', checks(LOCK), { ...wait, lease: whole(1) }],
  ['a store', checks(STORE), { ...wait, wait: yesNo, metadata }],
  ['a stored stream', checks(STORE_STREAM), { metadata, type: one('bytes', 'text', 'json') }],
  ['a declaration', checks(DECLARE), { capacity: whole(1) }],
  [
    'a workspace',
    checks(WORKSPACE),
    {
      ...address,
      ...wait,
      unref: yesNo,
      reconnectGrace: { ...duration('seconds'), good: ['stored', 0, Infinity] },
      label: text,
      persistent: yesNo,
      create: yesNo,
      metadata,
    },
  ],
  [
    'a call',
    checks(SUBMIT),
    {
      ...call,
      transfer: {
        good: [[], [new ArrayBuffer(1)]],
        must: 'must be an array of ArrayBuffers',
        bad: [[new ArrayBuffer(1), new Uint8Array(1)], new ArrayBuffer(1), null],
      },
    },
  ],
  [
    'a batch',
    checks(EACH_ELEM),
    {
      ...task,
      loadFactor: positive,
      ratePerSecond: positive,
      chunkSize: {
        good: ['auto', 1],
        must: 'must be a whole number of at least 1, or "auto"',
        bad: [0, 1.5, 'all', '1', null],
        kind: RangeError,
      },
      name,
      transfer: called,
      ordered: yesNo,
      onProgress: called,
    },
  ],
  ['a broadcast', checks(EACH_WORKER), { ...task, reach: one('present', 'all'), onLate: called }],
  ['a job', started(checkSleighOptions), { ...pool, server, unref: yesNo }],
  ['a pool', started(checkSleighPoolOptions), { ...pool, server, idleTimeout: duration('milliseconds') }],
  ['a launch', started(checkLaunchOptions), launching],
])('the options of %s', (_of, check, options) => {
  it.each(Object.entries(options))(
    'may be at the bounds of `%s`, and not beyond',
    (option, { good, must, bad, kind }) => {
      for (const value of [undefined, ...good]) expect(() => check({ [option]: value })).not.toThrow();
      const message = must === '' ? '' : `\`${option}\` ${must}`;
      for (const value of bad)
        expect(() => check({ [option]: value }), String(value)).toThrow(
          expect.objectContaining({
            code: 'usage',
            message: expect.stringContaining(message),
            ...(kind !== undefined && { constructor: kind }),
          }),
        );
    },
  );

  it('are these only', () => {
    expect(() => check({ qqqqqqq: 1 })).toThrow('no option `qqqqqqq`. It has ');
  });
});

describe('the number of workers', () => {
  it.each<[what: string, check: () => void, message: string | undefined]>([
    ['of a job is 1 at least', () => checkSleighOptions({ workers: 0 }), 'at least 1, got 0'],
    ['of an elastic job may be 0', () => checkSleighOptions({ workers: 0, join: 'elastic' }), undefined],
    [
      'of a job with a name may be 0',
      () => checkSleighOptions({ workers: 0, name: 'n', server: {} }),
      undefined,
    ],
    ['of a pool is 1 at least', () => checkSleighPoolOptions({ workers: 0 }), 'at least 1, got 0'],
    ['of an elastic pool may be 0', () => checkSleighPoolOptions({ workers: 0, join: 'elastic' }), undefined],
    ['of a launch is 1 at least', () => checkLaunchOptions({ workers: 0 }), 'at least 1, got 0'],
    ['of a launch is needed', () => checkLaunchOptions(unsafeCast({})), 'at least 1, got undefined'],
  ])('%s', (_what, check, message) => {
    if (message === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(message);
  });
});

it('a job with a name needs a server, and is elastic', () => {
  expect(() => checkSleighOptions({ workers: 1, name: 'n' })).toThrow('a sleigh with a name needs a server');
  expect(() => checkSleighOptions({ workers: 1, name: 'n', server: {}, join: 'closing' })).toThrow('elastic');
  expect(() => checkSleighOptions({ workers: 1, name: 'n', server: {}, join: 'elastic' })).not.toThrow();
  expect(() => checkSleighOptions({ workers: 1, name: '', server: {} })).toThrow('`name` must be a string');
});

it.each([
  ['the letters of another', { timeoutt: 1 }, 'Do you mean `timeout`?'],
  ['a letter less', { signa: 1 }, 'Do you mean `signal`?'],
  ['two letters changed', { timxyut: 1 }, 'Do you mean `timeout`?'],
  ['two letters exchanged', { singal: 1 }, 'Do you mean `signal`?'],
  ['two letters before it', { xxtimeout: 1 }, 'Do you mean `timeout`?'],
  ['two letters behind it', { timeoutxx: 1 }, 'Do you mean `timeout`?'],
  ['two letters less', { timut: 1 }, 'Do you mean `timeout`?'],
  ['three letters changed', { txxxout: 1 }, 'It has signal, timeout.'],
  ['three letters less', { time: 1 }, 'It has signal, timeout.'],
  ['three letters more', { timeoutsss: 1 }, 'It has signal, timeout.'],
])('an unknown option with %s: %j', (_what, options, message) => {
  expect(() => checkOptions('it', options, WAIT)).toThrow(message);
});

it.each(['ada:1', [], 1, null])('a server is no %o, and the error shows what it is', (server) => {
  const options = unsafeCast<SleighOptions>({ workers: 1, server });
  expect(() => checkSleighOptions(options)).toThrow(
    '`server` must be an object such as { host: "127.0.0.1", port: 8765 }',
  );
});

it('of several options that are near, the nearest is meant', () => {
  const rules = { abxx: anything, abcx: anything, abxd: anything };
  expect(() => checkOptions('it', { abcd: 1 }, rules)).toThrow('`abcx`');
  expect(() => checkOptions('it', undefined, {})).not.toThrow();
});

it('a task and elements are what they have to be', () => {
  for (const good of [{ module: 'm', name: 'n' }]) expect(() => checkTask(good)).not.toThrow();
  for (const bad of [
    { module: 'm' },
    { name: 'n' },
    { module: 1, name: 'n' },
    { module: 'm', name: 1 },
    null,
  ])
    expect(() => checkTask(bad)).toThrow('`task` must be a task');
  for (const good of [
    [],
    new Set(),
    (async function* () {
      yield await Promise.resolve(1);
    })(),
  ])
    expect(() => checkElements(good)).not.toThrow();
  for (const bad of ['abc', { length: 1 }, null, 1, undefined])
    expect(() => checkElements(bad)).toThrow('`elements` must be an iterable');
  expect(() => checkName('')).not.toThrow();
  expect(() => checkName(1)).toThrow('`name` must be a string');
});

it.each([
  ['an array', [1, 2, 3], 3],
  ['a set', new Set([1, 2]), 2],
  ['a map', new Map([[1, 2]]), 1],
  ['what is only iterable', [1, 2, 3].values(), undefined],
])('the number of elements is known before they are read if they are %s', (_what, elements, total) => {
  expect(totalOf(elements)).toBe(total);
});

it.each<[unknown, string]>([
  [{ a: { b: 1 }, c: [1] }, '{ a: [Object], c: [Array] }'],
  [[1, 2, 3, 4, 5, 6], '[ 1, 2, 3, 4, 5, ... 1 more item ]'],
  [['x'.repeat(61)], `[ '${'x'.repeat(60)}'... 1 more chara…`],
  ['a "b"', '"a \\"b\\""'],
  ['x'.repeat(78), `"${'x'.repeat(78)}"`],
  ['x'.repeat(79), `"${'x'.repeat(79)}…`],
  [function named() {}, 'the function named'],
  [
    (
      () => () =>
        undefined
    )(),
    'a function',
  ],
])('an error shows %o as %s', (value, text) => {
  expect(shown(value)).toBe(text);
});

describe('the restart budget', () => {
  it('is 10 restarts for each worker within 10 s, with delays of at most 5 s', () => {
    expect(restartBudget(undefined, 3)).toEqual({ restarts: 30, within: 10_000, maxDelay: 5_000 });
    expect(restartBudget(true, 2)).toEqual({ restarts: 20, within: 10_000, maxDelay: 5_000 });
    expect(restartBudget(false, 2)).toBe(false);
  });

  it('may be none, or endless, which JSON can say', () => {
    const budget = restartBudget({ restarts: 0, within: Infinity, maxDelay: Infinity }, 2);
    expect(budget).toEqual({ restarts: 0, within: 2 ** 53 - 1, maxDelay: 2 ** 53 - 1 });
    expect(() => checkRespawn('respawn', { restarts: 0 })).not.toThrow();
    expect(() => checkRespawn('respawn', true)).not.toThrow();
  });
});
