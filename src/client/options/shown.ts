import { inspect } from 'node:util';

/** Characters of a value in an error message, at most. */
const MOST_CHARACTERS = 80;

/** @returns a value as an error message shows it: short, on one line */
export function shown(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, OPTIONS);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

const OPTIONS = { depth: 0, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 60 };
