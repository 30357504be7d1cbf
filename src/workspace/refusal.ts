import type { Limits } from '../wire/limits.ts';
import { STATUS, type Status } from '../wire/reply.ts';

/** A request that is not carried out: it changed nothing, and the connection goes on. */
export interface Refusal {
  /** Stable; for logs and programs. */
  readonly code: string;
  readonly status: Status;
  /** For people; goes out as `nwsReason` (P8). */
  readonly reason: string;
  /** The setting that was met, when it was one (P12). */
  readonly limit?: keyof Limits;
}

/** Tells a refusal from what was asked for. */
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

/** P5.5: an argument that must be a number is none. */
export const notANumber = (what: string, text: string): Refusal =>
  failed('not-a-number', `${what} must be a number, not "${text}".`);

/** P12: over a limit. */
export const overLimit = (limit: keyof Limits, what: string): Refusal => ({
  ...failed('over-limit', `Refused: ${what}`),
  limit,
});

export { failed as refusal };
