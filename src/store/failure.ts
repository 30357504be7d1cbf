import { plainError, reasonOf } from '../wire/error-kind.ts';
import { textOfKey, type Key } from './change.ts';
import { STORED } from './errors.ts';

/** A record of a store that cannot be taken up. */
export class RecordError extends Error {
  readonly code: string;
  readonly key: Key;

  constructor(key: Key, cause: unknown) {
    const isNamed = cause instanceof Error && 'code' in cause && typeof cause.code === 'string';
    const { code, message } = STORED.badRecord(textOfKey(key), reasonOf(cause));
    super(isNamed ? cause.message : message, { cause });
    this.code = isNamed ? String(cause.code) : code;
    this.key = key;
  }
}

/** The key of the record that is the reason, if one is. */
export function recordOf(error: unknown): Key | undefined {
  for (let each = error; each instanceof Error; each = each.cause)
    if (each instanceof RecordError) return each.key;
  return undefined;
}

/** Whether a server has lost its data to another one (D9). */
export const isFenced = (error: unknown): boolean => hasCode(error, STORED.fenced.code);

/** Whether the data of a server could not be loaded. */
export const isNotLoaded = (error: unknown): boolean => hasCode(error, STORED.notLoaded.code);

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Why a server has ended by itself: it was fenced, or its data could not be loaded or made durable (D6). */
export const failureOf = (cause: unknown): Error =>
  cause instanceof Error && (isFenced(cause) || isNotLoaded(cause))
    ? cause
    : plainError(STORED.notDurable(reasonOf(cause)), { cause });
