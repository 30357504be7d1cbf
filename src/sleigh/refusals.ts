import { STATUS } from '../wire/reply.ts';
import { refusal, type Refusal } from '../workspace/refusal.ts';

export const NO_VALUE_YET = refusal('no-value', 'no value available.');
export const SLEIGH_DEAD = refusal('sleigh-dead', 'sleigh is dead');
export const WORKER_DEAD = refusal('worker-dead', 'worker is dead');
export const WORKER_REPLACED = refusal('worker-replaced', 'the worker has come back on another connection');
export const FIND_NOT_SUPPORTED = refusal('find-refused', 'find is not supported on the task queue');
export const NO_CURRENT_TASK = refusal('no-task', 'Store failed: no current task to store a result of.');
export const SHUTTING_DOWN: Refusal = {
  code: 'shutting-down',
  status: STATUS.shuttingDown,
  reason: 'Store failed: sleigh is shutting down.',
};
/** A chart of the sleigh has failed: a fault of the server (P9). */
export const SLEIGH_FAILED: Refusal = {
  code: 'sleigh-failed',
  status: STATUS.internal,
  reason: 'The sleigh has failed, by a fault of the server.',
};

export const registrationFailed = (why: string): Refusal =>
  refusal('registration-failed', `Worker registration failed: ${why}.`);
