import { KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { failureOf } from './outcome.ts';
import type { TaskFailure, WorkerDeath } from './task-metadata.ts';

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
      return {
        ...failureOf('timed-out', 'it took longer than its timeout, and its worker was ended'),
        death,
      };
    case 'cancelled':
      return { ...failureOf('cancelled', 'the batch was cancelled, and its worker was ended'), death };
    case 'not-loaded':
      return failureOf('not-loaded', lastWords === '' ? 'no worker can load its module' : lastWords);
    default: {
      const tries = attempts === 1 ? 'its one attempt' : `${attempts} attempts`;
      const end = [how, lastLine].filter((part) => part !== '').join('; ');
      const message = `given up after ${tries}: its worker ended${end === '' ? '' : ` (${end})`}`;
      return { ...failureOf('worker-died', message), death };
    }
  }
}
