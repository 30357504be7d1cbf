import { isArrayBuffer } from 'node:util/types';
import type { TlsOptions, ServerAddress } from '../connection/server-address.ts';
import {
  anything,
  checkOptions,
  isFunction,
  isName,
  isSignal,
  isText,
  isYesNo,
  mustBe,
  oneOf,
  wholeFrom,
  type Rule,
  type Rules,
} from './checked-options.ts';
import { milliseconds, seconds } from './durations.ts';
import type {
  EachElemOptions,
  EachWorkerOptions,
  LaunchOptions,
  SleighOptions,
  SleighPoolOptions,
  CallOptions,
  SubmitOptions,
  TaskOptions,
} from './sleigh-options.ts';
import type { ResourceLimits } from '../sentinel/node-flags.ts';
import { checkRespawn } from './respawn.ts';
import { checkRetry } from './retry.ts';
import type {
  DeclareOptions,
  GetOptions,
  StoreOptions,
  StoreStreamOptions,
  TakeOptions,
  TryOptions,
  WorkspaceOptions,
} from './workspace-options.ts';
import type { LockOptions } from '../workspace/lock-options.ts';
import type { WaitOptions } from '../connection/waiting.ts';
import { parseAuthority } from '../../wire/authority.ts';
import { rangeError, typeError } from '../../wire/error-kind.ts';
import { USAGE } from '../errors/usage.ts';

/** The rules for the options of the client. */

const TLS: Rules<TlsOptions> = {
  ca: isText,
  servername: isText,
  cert: isText,
  key: isText,
  rejectUnauthorized: isYesNo,
};

const ADDRESS: Rules<ServerAddress> = {
  host: isName,
  port: mustBe('a port number from 1 to 65535', (value) => isPort(value), rangeError),
  others: mustBe(
    'an array of texts HOST:PORT',
    (value) =>
      Array.isArray(value) &&
      value.every((each) => typeof each === 'string' && parseAuthority(each) !== undefined),
  ),
  tls: (name, value) => {
    if (typeof value === 'boolean') return;
    checkOptions(`\`${name}\``, value, TLS);
  },
  token: isText,
  followOwner: isYesNo,
};

const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535;

const server: Rule = (name, value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    mustBe('an object such as { host: "127.0.0.1", port: 8765 }', () => false)(name, value);
  checkOptions(`\`${name}\``, value, ADDRESS);
};

/** For metadata and for environment variables. */
const isMetadata = mustBe(
  'a Map, or an object, of strings',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    (value instanceof Map ? [...value].flat() : Object.values(value)).every(
      (each) => typeof each === 'string',
    ),
);

export const WAIT: Rules<WaitOptions> = { signal: isSignal, timeout: milliseconds };

export const TRY: Rules<TryOptions> = { as: oneOf('value', 'found', 'stream'), metadata: isMetadata };
export const GET: Rules<GetOptions> = { ...TRY, ...WAIT };
export const TAKE: Rules<TakeOptions> = { ...WAIT, lease: wholeFrom(1) };
export const LOCK: Rules<LockOptions> = TAKE;
export const STORE: Rules<StoreOptions> = { ...WAIT, wait: isYesNo, metadata: isMetadata };
export const DECLARE: Rules<DeclareOptions> = { capacity: wholeFrom(1) };
export const STORE_STREAM: Rules<StoreStreamOptions> = {
  metadata: isMetadata,
  type: oneOf('bytes', 'text', 'json'),
};

export const WORKSPACE: Rules<WorkspaceOptions> = {
  ...ADDRESS,
  ...WAIT,
  unref: isYesNo,
  reconnectGrace: (name, value) => {
    if (value !== 'stored') seconds(name, value);
  },
  label: isText,
  persistent: isYesNo,
  create: isYesNo,
  metadata: isMetadata,
};

const isPositive = mustBe(
  'a number over 0',
  (value) => typeof value === 'number' && value > 0 && value < Infinity,
  rangeError,
);

const RESOURCES: Rules<ResourceLimits> = {
  maxOldGenerationSizeMb: isPositive,
  maxYoungGenerationSizeMb: isPositive,
  stackSizeMb: isPositive,
};

const LAUNCH: Rules<LaunchOptions> = {
  workers: wholeFrom(1),
  hosts: mustBe(
    'an array of names of hosts',
    (value) => Array.isArray(value) && value.every((host) => typeof host === 'string' && host !== ''),
  ),
  launch: mustBe(
    'a launcher: processes(), threads(), ssh(…), command(…), or an object with a function `start`',
    (value) =>
      typeof value === 'object' && value !== null && 'start' in value && typeof value.start === 'function',
  ),
  preload: mustBe(
    'the path or the URL of a module',
    (value) => value instanceof URL || (typeof value === 'string' && value !== ''),
  ),
  cwd: isName,
  env: isMetadata,
  execArgv: mustBe(
    'an array of flags',
    (value) => Array.isArray(value) && value.every((flag) => typeof flag === 'string' && flag !== ''),
  ),
  resourceLimits: (name, value) => checkOptions(`\`${name}\``, value, RESOURCES),
  respawn: checkRespawn,
  maxTasksPerWorker: wholeFrom(1),
  maxMemory: wholeFrom(1),
  concurrency: wholeFrom(1),
};

const SLEIGH: Rules<SleighOptions> = {
  ...LAUNCH,
  server,
  name: isName,
  join: oneOf('closing', 'elastic'),
  reconnectGrace: seconds,
  onDeadWorker: oneOf('requeue', 'null', 'shutdown'),
  maxAttempts: wholeFrom(1),
  label: isText,
  onPage: isFunction,
  onDeath: isFunction,
  onOutput: isFunction,
  unref: isYesNo,
  signal: isSignal,
};
const ELASTIC_SLEIGH: Rules<SleighOptions> = { ...SLEIGH, workers: wholeFrom(0) };

/** @throws TypeError or rangeError */
export function checkSleighOptions(options: SleighOptions): void {
  const rules = options?.join === 'elastic' || options?.name !== undefined ? ELASTIC_SLEIGH : SLEIGH;
  checkOptions('Sleigh.start', options, rules);
  rules.workers('workers', options?.workers);
  if (options.name === undefined) return;
  if (options.server === undefined) throw typeError(USAGE.nameNeedsServer());
  if (options.join === 'closing') throw typeError(USAGE.nameIsElastic());
}

/** @throws TypeError or rangeError */
export function checkSleighPoolOptions(options: SleighPoolOptions): void {
  const { unref: _, ...rules } = options?.join === 'elastic' ? ELASTIC_SLEIGH : SLEIGH;
  const own: Rules<SleighPoolOptions> = { ...rules, idleTimeout: milliseconds };
  checkOptions('SleighPool', options, own);
  own.workers('workers', options?.workers);
}

/** @throws TypeError or rangeError */
export function checkLaunchOptions(options: LaunchOptions): void {
  checkOptions('launch', options, LAUNCH);
  LAUNCH.workers('workers', options?.workers);
}

const CALL: Rules<CallOptions & { readonly fixedArgs: unknown }> = {
  signal: isSignal,
  onAbort: oneOf('ask', 'kill'),
  timeout: milliseconds,
  priority: mustBe(
    'a whole number from -1000 to 1000',
    (value) => Number.isSafeInteger(value) && Math.abs(Number(value)) <= 1_000,
    rangeError,
  ),
  host: isName,
  retry: checkRetry,
  seed: mustBe('a number or a string', (value) => typeof value === 'number' || typeof value === 'string'),
  onElementProgress: isFunction,
  onLog: isFunction,
  fixedArgs: anything,
};

export const SUBMIT: Rules<SubmitOptions & { readonly fixedArgs: unknown }> = {
  ...CALL,
  transfer: mustBe(
    'an array of ArrayBuffers',
    (value) => Array.isArray(value) && value.every((each) => isArrayBuffer(each)),
  ),
};

const TASK: Rules<TaskOptions & { readonly fixedArgs: unknown }> = {
  ...CALL,
  errors: oneOf('throw', 'collect'),
};

export const EACH_ELEM: Rules<EachElemOptions & { readonly fixedArgs: unknown }> = {
  ...TASK,
  loadFactor: isPositive,
  ratePerSecond: isPositive,
  chunkSize: mustBe(
    'a whole number of at least 1, or "auto"',
    (value) => value === 'auto' || (Number.isSafeInteger(value) && Number(value) >= 1),
    rangeError,
  ),
  name: isName,
  transfer: isFunction,
  ordered: isYesNo,
  onProgress: isFunction,
};

export const EACH_WORKER: Rules<EachWorkerOptions & { readonly fixedArgs: unknown }> = {
  ...TASK,
  reach: oneOf('present', 'all'),
  onLate: isFunction,
};

/** The most frequent mistake is to pass a function itself, which cannot be sent (C4). */
export const checkTask: (task: unknown) => void = (task) =>
  mustBe(
    'a task, as `tasks(module)` gives it (workers load the function from its module)',
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      'module' in value &&
      'name' in value &&
      typeof value.module === 'string' &&
      typeof value.name === 'string',
  )('task', task);

/** A string is an iterable of letters, which is never intended. */
export const checkElements: (elements: unknown) => void = (elements) =>
  mustBe(
    'an iterable of elements: an array, a Set, a generator …',
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      (Symbol.iterator in value || Symbol.asyncIterator in value),
  )('elements', elements);

export const checkName: (name: unknown) => void = (name) => isText('name', name);
