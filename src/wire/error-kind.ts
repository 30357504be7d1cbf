/** What an error is made from: names, values, numbers. */
type Fact = string | number;

/** An error as text, with its code for programs. */
export interface ErrorText<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
}

/**
 * One entry of a catalogue of errors. Called with its facts it gives the text; docs/reference/errors.md is made from the
 * rest (`npm run reference`).
 */
export interface ErrorKind<Facts extends readonly Fact[] = never[], Code extends string = string> {
  (...facts: Facts): ErrorText<Code>;
  readonly code: Code;
  /** The text, made from facts that stand for any. */
  readonly example: string;
  /** What to do about it: one or two whole sentences. */
  readonly remedy: string;
}

/** Errors by name. Those of one class, or of one part, stand together. */
export type Catalogue = Readonly<Record<string, ErrorKind>>;

/**
 * @param code stable, for programs; several texts may share one
 * @param text what is said, from the facts
 * @param remedy what to do about it
 * @param example facts for the documentation
 */
export const errorKind = <const Code extends string, const Facts extends readonly Fact[]>(
  code: Code,
  text: (...facts: Facts) => string,
  remedy: string,
  ...example: NoInfer<Facts>
): ErrorKind<Facts, Code> =>
  Object.assign((...facts: Facts): ErrorText<Code> => ({ code, message: text(...facts) }), {
    code,
    example: text(...example),
    remedy,
  });

/** What is wrong with what a program gave: the error has the code, too. */
export const typeError = ({ code, message }: ErrorText, options?: ErrorOptions): TypeError =>
  Object.assign(new TypeError(message, options), { code });
export const rangeError = ({ code, message }: ErrorText, options?: ErrorOptions): RangeError =>
  Object.assign(new RangeError(message, options), { code });
export const plainError = ({ code, message }: ErrorText, options?: ErrorOptions): Error =>
  Object.assign(new Error(message, options), { code });

/** A state that only a fault of this program can bring about: nobody outside can do anything about it. */
export const fault = (what: string): Error => new Error(what);

/** The text of whatever was thrown: a thrown value may have getters and a `toString` that throw. */
export function reasonOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'an error that cannot be shown';
  }
}

/** One that no fact changes. */
export const constant = <Code extends string>(
  code: Code,
  text: string,
  remedy: string,
): ErrorKind<[], Code> => errorKind(code, () => text, remedy);
