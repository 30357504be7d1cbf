import { JOB_TYPE, KEY } from '../../wire/names.ts';
import type { OpenOptions } from '../connection/connection.ts';
import { secondsText } from '../options/durations.ts';
import type { SleighOptions } from '../options/sleigh-options.ts';

/** How the workspace of a job is opened (S1). */
export function jobOpening(
  { label = 'sleigh', name, onDeadWorker = 'requeue', reconnectGrace }: SleighOptions,
  maxAttempts: number,
  isElastic: boolean,
): OpenOptions {
  const metadata = new Map<string, string>([
    [KEY.wsType, JOB_TYPE],
    [KEY.onDeadWorker, onDeadWorker],
    [KEY.maxAttempts, String(maxAttempts)],
  ]);
  if (isElastic) metadata.set(KEY.join, 'elastic');
  if (reconnectGrace !== undefined) metadata.set(KEY.reconnectGrace, secondsText(reconnectGrace));
  return { label, metadata, persistent: name !== undefined };
}

const MAX_ATTEMPTS = 3;

/** @returns how often a task is attempted; an end among other calls is no attempt of the element (S23.10) */
export const attemptsOf = ({
  onDeadWorker,
  maxAttempts = MAX_ATTEMPTS,
  concurrency = 1,
}: SleighOptions): number => (onDeadWorker === 'null' ? 1 : maxAttempts + (concurrency > 1 ? 1 : 0));

/** @returns the number of ranks of the workers of the start (S22.14) */
export const ranksOf = ({ workers, concurrency = 1 }: SleighOptions): number => workers * concurrency;
