/** Flags of Node that say what the program itself is, or that it is to stop for a debugger: not for its children. */
const OWN =
  /^(?:-[epic]+|--(?:eval|print|interactive|check|input-type|inspect-brk|inspect-wait|test|watch|run))(?:=|$)/;
/** Of these, those whose value may be the next argument. */
const WITH_VALUE = /^(?:-[pe]+|--(?:eval|print|input-type|run))$/;
/** Flags that say how modules are found and loaded; threads take few others. */
const LOADING = /^(?:-r|-C|--(?:import|require|loader|experimental-loader|conditions))(?:=|$)/;
const LOADING_WITH_VALUE = /^(?:-r|-C|--(?:import|require|loader|experimental-loader|conditions))$/;

/**
 * A child gets the flags of this program, so that it loads what this one can: with the same loaders (`--import tsx`), under
 * the same conditions.
 * @param flags of this program: `process.execArgv`
 */
export const flagsForProcess = (flags: readonly string[]): string[] =>
  select(flags, WITH_VALUE, (flag) => !OWN.test(flag));

/** As `flagsForProcess`. @returns undefined where a thread has them by itself */
export function flagsForThread(flags: readonly string[]): string[] | undefined {
  if (flagsForProcess(flags).length === flags.length) return undefined;
  return select(flags, LOADING_WITH_VALUE, (flag) => LOADING.test(flag));
}

/** Each flag is kept or left with the value that follows it, if it has one there. */
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
