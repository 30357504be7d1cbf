/** Limits of the memory of a worker, in MiB, as `resourceLimits` of a thread of Node. */
export interface ResourceLimits {
  /** The maximum size of the main heap. */
  readonly maxOldGenerationSizeMb?: number | undefined;
  /** The maximum size of the heap for recently created objects. */
  readonly maxYoungGenerationSizeMb?: number | undefined;
  /** The maximum size of the stack. */
  readonly stackSizeMb?: number | undefined;
}

/** How Node runs the workers. */
export interface NodeOptions {
  /** Flags of Node in addition to those of this program; threads accept only some of them. */
  readonly execArgv?: readonly string[] | undefined;
  /**
   * A worker that needs more ends, and its element fails with `worker-died`. For processes it is passed as flags of V8.
   */
  readonly resourceLimits?: ResourceLimits | undefined;
}

/** The flags of a worker process. */
export const processFlags = (
  own: readonly string[],
  { execArgv = [], resourceLimits = {} }: NodeOptions,
): string[] => [...flagsForProcess(own), ...limitFlags(resourceLimits), ...execArgv];

/** A young generation has three semi-spaces. */
const SEMI_SPACES = 3;

const limitFlags = (limits: ResourceLimits): string[] => {
  const { maxOldGenerationSizeMb: old, maxYoungGenerationSizeMb: young, stackSizeMb: stack } = limits;
  return [
    ...(old === undefined ? [] : [`--max-old-space-size=${old}`]),
    ...(young === undefined ? [] : [`--max-semi-space-size=${Math.max(1, Math.ceil(young / SEMI_SPACES))}`]),
    ...(stack === undefined ? [] : [`--stack-size=${Math.round(stack * 1_024)}`]),
  ];
};

/**
 * The flags of a worker thread.
 * @returns undefined if it inherits them
 */
export function threadFlags(own: readonly string[], { execArgv }: NodeOptions): string[] | undefined {
  const inherited = flagsForThread(own);
  if (execArgv === undefined) return inherited;
  return [...(inherited ?? flagsForProcess(own)), ...execArgv];
}

/** Flags of Node that concern only this program, or stop it for a debugger. Children do not get them. */
const OWN =
  /^(?:-[epic]+|--(?:eval|print|interactive|check|input-type|inspect-brk|inspect-wait|test|watch|run))(?:=|$)/;
/** Those of them whose value may be the next argument. */
const WITH_VALUE = /^(?:-[pe]+|--(?:eval|print|input-type|run))$/;
/** Flags that determine how modules are found and loaded. Threads accept few others. */
const LOADING = /^(?:-r|-C|--(?:import|require|loader|experimental-loader|conditions))(?:=|$)/;
const LOADING_WITH_VALUE = /^(?:-r|-C|--(?:import|require|loader|experimental-loader|conditions))$/;

/**
 * A child gets the flags of this program, so that it can load the same modules: with the same loaders (`--import
 * tsx`) and conditions.
 * @param flags the flags of this program: `process.execArgv`
 */
export const flagsForProcess = (flags: readonly string[]): string[] =>
  select(flags, WITH_VALUE, (flag) => !OWN.test(flag));

/**
 * As `flagsForProcess`.
 * @returns undefined if a thread inherits them
 */
export function flagsForThread(flags: readonly string[]): string[] | undefined {
  if (flagsForProcess(flags).length === flags.length) return undefined;
  return select(flags, LOADING_WITH_VALUE, (flag) => LOADING.test(flag));
}

/** Keeps or removes each flag together with its value, if that is the next argument. */
function select(flags: readonly string[], withValue: RegExp, keeps: (flag: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i] ?? '';
    const hasValue = withValue.test(flag);
    if (keeps(flag)) kept.push(...flags.slice(i, i + (hasValue ? 2 : 1)));
    if (hasValue) i++;
  }
  return kept;
}
