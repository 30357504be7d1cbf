import { inspect } from 'node:util';

/** The largest number of characters of a value in an error message. */
const MAX_CHARACTERS = 80;

/** @returns a short form of a value for an error message, on one line */
export function shown(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, OPTIONS);
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

const OPTIONS = { depth: 0, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 60 };
