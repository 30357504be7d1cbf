import type { Limits } from '../wire/limits.ts';
import { STATUS, type Status } from '../wire/reply.ts';

/** A request that is not carried out. It has changed nothing, and the connection stays open. */
export interface Refusal {
  /** A stable code for logs and programs. */
  readonly code: string;
  readonly status: Status;
  /** A text for people, sent as `nwsReason` (P8). */
  readonly reason: string;
  /** The setting that was reached, if any (P12). */
  readonly limit?: keyof Limits;
}

/** Distinguishes a refusal from a result. */
export const isRefusal = (made: object | string | undefined): made is Refusal =>
  typeof made === 'object' && 'status' in made && 'reason' in made;

const failed = (code: string, reason: string): Refusal => ({ code, status: STATUS.failed, reason });

export const NO_VALUE_YET = failed('no-value', 'no value available');
export const PURGED = failed('purged', 'Variable purged.');
export const STORE_NOT_SUPPORTED = failed('store-refused', 'Store is not supported for this variable.');
export const ID_MISMATCH = failed('id-mismatch', 'Variable id mismatch.');
export const NO_SUCH_WORKSPACE: Refusal = {
  code: 'no-workspace',
  status: STATUS.noWorkspace,
  reason: 'No such workspace.',
};

export const unopened = (workspace: string): Refusal => ({
  code: 'not-opened',
  status: STATUS.notOpened,
  reason: `Workspace ${workspace} has not been opened.`,
});

/** An argument that must be a number is not one (P5.5). */
export const notANumber = (what: string, text: string): Refusal =>
  failed('not-a-number', `${what} must be a number, not "${text}".`);

/** A limit is exceeded (P12). */
export const overLimit = (limit: keyof Limits, what: string): Refusal => ({
  ...failed('over-limit', `Refused: ${what}`),
  limit,
});

export { failed as refusal };
