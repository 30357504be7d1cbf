/** Options that may be omitted or undefined, with the same meaning. */
export type Optional<T> = { readonly [Name in keyof T]?: T[Name] | undefined };

/** @returns the defaults, overridden by the given options; an undefined option counts as omitted */
export function withDefaults<T extends object>(defaults: T, given: Optional<T> = {}): T {
  return { ...defaults, ...defined(given) };
}

/** @returns the options without undefined ones, for functions that treat undefined as a value */
export function defined<T extends object>(options: Optional<T>): Partial<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- these are options of the same object
  return Object.fromEntries(entries) as Partial<T>;
}
