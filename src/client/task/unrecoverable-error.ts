/** The name of the class, by which a master recognizes an error that a worker has sent. */
export const UNRECOVERABLE = 'UnrecoverableError';

/**
 * An error that is never retried: a task throws it when another attempt would fail as well. Pass what happened as its
 * `cause`.
 */
export class UnrecoverableError extends Error {
  override readonly name = UNRECOVERABLE;
}
