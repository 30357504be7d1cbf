/** Options that may be left out, or be undefined, which means the same. */
export type Optional<T> = { readonly [Name in keyof T]?: T[Name] | undefined };

/** @returns the defaults, and over them what is given; an option that is undefined was not given */
export function withDefaults<T extends object>(defaults: T, given: Optional<T> = {}): T {
  return { ...defaults, ...defined(given) };
}

/** @returns the options without those that are undefined: some functions take these for an answer */
export function defined<T extends object>(options: Optional<T>): Partial<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- these are options of the same object
  return Object.fromEntries(entries) as Partial<T>;
}
