import { JOB_TYPE, KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { secondsText } from '../options/durations.ts';
import type { SleighOptions } from '../options/sleigh-options.ts';

/** The metadata with which the workspace of a job is opened (S1). */
export function jobMetadata(
  { onDeadWorker = 'requeue', reconnectGrace }: SleighOptions,
  maxAttempts: number,
  isElastic: boolean,
): Metadata {
  const metadata = new Map<string, string>([
    [KEY.wsType, JOB_TYPE],
    [KEY.onDeadWorker, onDeadWorker],
    [KEY.maxAttempts, String(maxAttempts)],
  ]);
  if (isElastic) metadata.set(KEY.join, 'elastic');
  if (reconnectGrace !== undefined) metadata.set(KEY.reconnectGrace, secondsText(reconnectGrace));
  return metadata;
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
