import { KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { failureOf } from './outcome.ts';
import type { TaskFailure, WorkerDeath } from './task-metadata.ts';
import { TASK } from '../errors/job.ts';

/** Why a task has a null result: its worker ended, or no worker could do it (S13, S19). */
export interface WorkerLoss extends WorkerDeath {
  /** `died`, `timed-out`, `cancelled`, `not-loaded` … */
  readonly why: string;
  /** The place in the chunk that the worker was processing, if known. */
  readonly at: number | undefined;
}

/** @returns undefined if it is not a null result */
export function workerLossIn(metadata: Metadata): WorkerLoss | undefined {
  if (metadata.get(KEY.null) !== '1') return undefined;
  const at = metadata.get(KEY.nullAt);
  return {
    why: metadata.get(KEY.nullWhy) ?? 'died',
    how: metadata.get(KEY.nullHow) ?? '',
    lastWords: (metadata.get(KEY.nullLastWords) ?? '').trim(),
    at: at === undefined ? undefined : Number(at),
  };
}

/** @returns how an element fails whose task was lost for that reason, after that many attempts */
export function failureOfLoss({ why, how, lastWords }: WorkerLoss, attempts: number): TaskFailure {
  const death = { how, lastWords };
  const [lastLine = ''] = lastWords.split('\n').slice(-1);
  switch (why) {
    case 'timed-out':
      return { ...failureOf(TASK.killedLate()), death };
    case 'cancelled':
      return { ...failureOf(TASK.killedCancelled()), death };
    case 'not-loaded':
      return failureOf({ ...TASK.notLoaded(), ...(lastWords !== '' && { message: lastWords }) });
    default: {
      const tries = attempts === 1 ? 'its one attempt' : `${attempts} attempts`;
      const end = [how, lastLine].filter((part) => part !== '').join('; ');
      return { ...failureOf(TASK.workerDied(tries, end === '' ? '' : ` (${end})`)), death };
    }
  }
}
