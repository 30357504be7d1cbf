import { REQUEST, refuse, VARIABLES, WORKSPACE, type Refusal } from '../wire/refusals.ts';
import { STATUS } from '../wire/reply.ts';

export { refuse as refusal, type Refusal } from '../wire/refusals.ts';

/** Tells a refusal from what was asked for. */
export const isRefusal = (made: object | string | number | undefined): made is Refusal =>
  typeof made === 'object' && 'status' in made && 'reason' in made;

export const NO_VALUE_YET = refuse(VARIABLES.noValue());
export const PURGED = refuse(VARIABLES.purged());
export const STORE_NOT_SUPPORTED = refuse(VARIABLES.storeRefused());
export const ID_MISMATCH = refuse(VARIABLES.idMismatch());
export const NO_SUCH_WORKSPACE = refuse(WORKSPACE.none(), { status: STATUS.noWorkspace });

export const unopened = (workspace: string): Refusal =>
  refuse(WORKSPACE.notOpened(workspace), { status: STATUS.notOpened });

/** P5.5: an argument that must be a number is none. */
export const notANumber = (what: string, text: string): Refusal => refuse(REQUEST.notANumber(what, text));
