import { plainError, reasonOf } from '../wire/error-kind.ts';
import { STORED } from './errors.ts';

/** Whether a server has lost its data to another one (D9). */
export const isFenced = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === STORED.fenced.code;

/** Why a server has ended by itself: it was fenced, or its data could not be made durable (D6). */
export const failureOf = (cause: unknown): Error =>
  cause instanceof Error && isFenced(cause)
    ? cause
    : plainError(STORED.notDurable(reasonOf(cause)), { cause });
