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
    const hasValue = withValue.test(flag) && i + 1 < flags.length;
    if (keeps(flag)) kept.push(...flags.slice(i, i + (hasValue ? 2 : 1)));
    if (hasValue) i++;
  }
  return kept;
}
