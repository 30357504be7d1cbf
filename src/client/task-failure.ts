import { inspect } from 'node:util';
import { isError } from './object-kinds.ts';
import type { TaskErrorCode, TaskFailure } from './task-metadata.ts';

/** A task that was not called, or not to its end. */
export class TaskStopped extends Error {
  override readonly name: string = 'TaskStopped';
  readonly code: TaskErrorCode;

  constructor(code: TaskErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** @returns what the master is told of whatever was thrown */
export function failureOf(error: unknown): TaskFailure {
  if (error instanceof TaskStopped) {
    const { code, message } = error;
    return { code, message, stack: message };
  }
  if (!isError(error)) {
    const message = `thrown: ${inspect(error)}`;
    return { code: 'threw', message, stack: message };
  }
  const message = String(error);
  return { code: 'threw', message, stack: error.stack ?? message };
}
