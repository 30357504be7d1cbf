import { OPERATION } from '../wire/operation-refusals.ts';
import { JOB, refuse } from '../wire/refusals.ts';
import { STATUS } from '../wire/reply.ts';
import { refusal, type Refusal } from '../workspace/refusal.ts';

export const NO_VALUE_YET = refuse(JOB.noValueYet());
export const SLEIGH_DEAD = refuse(JOB.dead());
export const WORKER_DEAD = refuse(JOB.workerDead());
export const WORKER_REPLACED = refuse(JOB.workerReplaced());
export const FIND_NOT_SUPPORTED = refuse(JOB.findRefused());
export const NO_CURRENT_TASK = refuse(JOB.noTask());
export const SHUTTING_DOWN = refuse(JOB.shuttingDown(), { status: STATUS.shuttingDown });
/** An actor of the sleigh has failed, by a fault of the server (P9). */
export const SLEIGH_FAILED = refuse(JOB.failed(), { status: STATUS.internal });

/** Of operations of plugins (S30). */
export const noSuchJob = (name: string): Refusal => refusal(OPERATION.noJob(name));
export const noSuchWorker = (rank: number): Refusal => refusal(OPERATION.noWorker(rank));
export const noSuchSentinel = (id: number): Refusal => refusal(OPERATION.noSentinel(id));
