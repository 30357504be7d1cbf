import { inspect } from 'node:util';
import { isError } from '../values/object-kinds.ts';
import { userStack } from './stacks.ts';
import type { TaskErrorCode, TaskFailure } from './task-metadata.ts';
import { describe } from '../values/unsendable.ts';
import { TASK } from '../errors/job.ts';
import type { ErrorText } from '../../wire/error-kind.ts';

/** A task that was not called, or was ended during its call. */
export class TaskStopped extends Error {
  override readonly name: string = 'TaskStopped';
  readonly code: TaskErrorCode;

  constructor({ code, message }: ErrorText<TaskErrorCode>, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** @returns the failure that is sent to the master for a thrown value */
export function failureOf(error: unknown): TaskFailure {
  if (error instanceof TaskStopped) {
    const { code, message } = error;
    return { code, message, stack: message };
  }
  const message = attempt(
    () => (isError(error) ? String(error) : `thrown: ${inspect(error)}`),
    `thrown: ${describe(error)}`,
  );
  const stack = attempt(() => (isError(error) ? userStack(error.stack ?? message) : message), message);
  return { ...TASK.threw(message), stack, thrown: error };
}

/** A thrown value may have getters and a `toString` that throw. */
function attempt(read: () => string, otherwise: string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
