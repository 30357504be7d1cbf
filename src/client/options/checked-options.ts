import { shown } from './shown.ts';
import { USAGE } from '../errors/usage.ts';
import { rangeError, typeError } from '../../wire/error-kind.ts';

/**
 * Checks the value of one option.
 * @throws TypeError or RangeError with the option, the value and what is allowed
 */
export type Rule = (name: string, value: unknown) => void;

/** A rule for each option. An option without a rule does not compile. */
export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule };

/**
 * Checks options before anything is started.
 * @param of the function that takes them, such as `Sleigh.start`
 * @throws TypeError if it is not an object or has an unknown option, and as the rules do
 */
export function checkOptions(of: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw typeError(USAGE.noOptions(of, shown(options)));
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) throw unknownOption(of, name, Object.keys(rules));
    if (value !== undefined) rule(name, value);
  }
}

function unknownOption(of: string, name: string, names: readonly string[]): TypeError {
  const near = nearest(name, names);
  const hint = near === undefined ? `It has ${names.join(', ')}.` : `Do you mean \`${near}\`?`;
  return typeError(USAGE.unknownOption(of, name, hint));
}

/**
 * @returns a rule for values that satisfy a condition
 * @param wanted follows `must be` in the message
 */
export const mustBe =
  (wanted: string, holds: (value: unknown) => boolean, errorOf = typeError): Rule =>
  (name, value) => {
    if (!holds(value)) throw errorOf(USAGE.badOption(name, wanted, shown(value)));
  };

/** A whole number of at least that value. */
export const wholeFrom = (least: number): Rule =>
  mustBe(
    `a whole number of at least ${least}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= least,
    rangeError,
  );

export const oneOf = (...values: readonly string[]): Rule =>
  mustBe(values.map((value) => `"${value}"`).join(' or '), (value) => values.some((each) => each === value));

export const isText = mustBe('a string', (value) => typeof value === 'string');
export const isName = mustBe(
  'a string that is not empty',
  (value) => typeof value === 'string' && value !== '',
);
export const isYesNo = mustBe('true or false', (value) => typeof value === 'boolean');
export const isFunction = mustBe('a function', (value) => typeof value === 'function');
export const isSignal = mustBe(
  'an AbortSignal',
  (value) => value instanceof EventTarget && 'aborted' in value && 'throwIfAborted' in value,
);
export const anything: Rule = () => undefined;

/** @returns the most similar name, if one is similar enough */
function nearest(name: string, names: readonly string[]): string | undefined {
  // Two exchanged letters count as two changes.
  const limit = Math.min(2, name.length - 2);
  const near = names
    .map((each) => ({ each, distance: distanceOf(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.each;
}

/** The Levenshtein distance of two texts. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(
        Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === b[j] ? 0 : 1)),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
