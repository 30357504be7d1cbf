import { plainError, reasonOf } from '../wire/error-kind.ts';
import { STORED } from './errors.ts';

/** Whether a server has lost its data to another one (D9). */
export const isFenced = (error: unknown): boolean => hasCode(error, STORED.fenced.code);

const isNotLoaded = (error: unknown): boolean => hasCode(error, STORED.notLoaded.code);

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Why a server has ended by itself: it was fenced, or its data could not be loaded or made durable (D6). */
export const failureOf = (cause: unknown): Error =>
  cause instanceof Error && (isFenced(cause) || isNotLoaded(cause))
    ? cause
    : plainError(STORED.notDurable(reasonOf(cause)), { cause });
