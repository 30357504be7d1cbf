import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { unsafeCast } from '../unsafe-cast.ts';

/** A function that a module exports: it says itself what it takes. */
export type ExportedFunction = (...args: readonly unknown[]) => unknown;

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/**
 * - `not-loaded`: there is no such module, or it throws
 * - `no-export`: it does not export what it should
 */
export type ModuleErrorCode = 'not-loaded' | 'no-export';

/** A module that is of no use; the message says which, and why, in one line. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
  readonly code: ModuleErrorCode;

  constructor(code: ModuleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A function travels as its module and its name (C4).
 * @throws ModuleError `not-loaded`
 */
export async function loadModule(path: string): Promise<Exports> {
  const loaded = modules.get(path) ?? load(path);
  modules.set(path, loaded);
  return loaded;
}

/** Looked up for each task: that must cost nothing. */
const modules = new Map<string, Promise<Exports>>();

/** The extensions of modules, and of what TypeScript compiles them from. */
const SOURCES: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts', '.cjs': '.cts' };

async function load(path: string): Promise<Exports> {
  const { href } = pathToFileURL(path);
  try {
    return unsafeCast<Exports>(await import(href));
  } catch (cause) {
    // Whether there is a file says only who loads modules: a loader may know better (tsx, ts-node).
    const source = path.replace(/\.[cm]?js$/, (extension) => SOURCES[extension] ?? extension);
    if (isMissing(cause, href) && source !== path && existsSync(source)) return loadSource(source);
    throw notLoaded(path, cause);
  }
}

/** `./tasks.js` in a program that runs from its sources is `./tasks.ts`, as TypeScript has it. */
async function loadSource(path: string): Promise<Exports> {
  try {
    return unsafeCast<Exports>(await import(pathToFileURL(path).href));
  } catch (cause) {
    throw notLoaded(path, cause);
  }
}

function notLoaded(path: string, cause: unknown): ModuleError {
  const fail = (why: string): ModuleError =>
    new ModuleError('not-loaded', `cannot load ${path}: ${why}`, { cause });
  if (isMissing(cause, pathToFileURL(path).href)) return fail('there is no such file');
  if (codeOf(cause) === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?tsx?$/.test(path))
    return fail(
      `Node ${process.version} does not load TypeScript. Use Node 22.18 or newer, compile it, or start the program with a ` +
        'loader, which its workers inherit: node --import tsx …',
    );
  const [what = ''] = String(cause).split('\n');
  return fail(`${what} ("node ${path}" shows where)`);
}

/** Whether it is this module that is missing, not one that it imports. */
const isMissing = (cause: unknown, href: string): boolean =>
  codeOf(cause) === 'ERR_MODULE_NOT_FOUND' &&
  cause instanceof Error &&
  [href, fileURLToPath(href)].some((name) => cause.message.includes(`'${name}' imported`));

const codeOf = (cause: unknown): unknown =>
  typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;

/** @throws ModuleError `no-export` when the module exports no function of that name (C4) */
export function functionOf(exports: Exports, path: string, name = 'default'): ExportedFunction {
  const exported = exportOf(exports, name);
  if (isFunction(exported)) return exported;
  const what = name === 'default' ? 'a function as its default' : `a function "${name}"`;
  const names = namesOf(exports);
  const others = names.length === 0 ? 'It exports nothing' : `It exports ${names.join(', ')}`;
  throw new ModuleError('no-export', `${path} does not export ${what}. ${others}.`);
}

/**
 * What a module exports under a name. A CommonJS module may have made its exports in any way: `exports.plus`,
 * `module.exports = { plus }`, `module.exports = make()`, and as TypeScript compiles it, with `exports.default`. What Node
 * cannot see of them in advance it gives as properties of the default export only.
 */
export function exportOf(exports: Exports, name: string): unknown {
  let first: unknown;
  for (const holder of holdersOf(exports)) {
    if (!isOwn(holder, name)) continue;
    const exported: unknown = Reflect.get(holder, name);
    if (isFunction(exported)) return holder === exports ? exported : bound(exported, holder);
    first ??= exported;
  }
  return first;
}

/** The exports; the default export; that of a module in CommonJS that was compiled from one. */
function* holdersOf(exports: Exports): Generator<object, void, undefined> {
  let holder: unknown = exports;
  for (let depth = 0; depth < 3 && isHolder(holder); depth++) {
    yield holder;
    holder = isOwn(holder, 'default') ? Reflect.get(holder, 'default') : undefined;
  }
}

const isHolder = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Whether it has that property, or its class does; not what all objects and functions have. */
const isOwn = (holder: object, name: string): boolean =>
  name in holder &&
  (Object.hasOwn(holder, name) || !(name in (typeof holder === 'function' ? Function : Object).prototype));

/** Methods of an object that was exported may need it as `this`. */
const bound = (method: ExportedFunction, holder: object): ExportedFunction => method.bind(holder);

const isFunction = (exported: unknown): exported is ExportedFunction => typeof exported === 'function';

function namesOf(exports: Exports): string[] {
  const names = Array.from(holdersOf(exports)).flatMap((holder) => Object.keys(holder));
  return [...new Set(names)].filter((name) => name !== '__esModule' && name !== 'module.exports').sort();
}
