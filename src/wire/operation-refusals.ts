import { errorKind, type Catalogue } from './error-kind.ts';

/** Of operations and policies of plugins (S30). */
export const OPERATION = {
  noJob: errorKind(
    'no-job',
    (name: string) => `there is no job in a workspace "${name}"`,
    'A plugin has kept the control of a job that has ended (S30).',
    'job',
  ),
  noWorker: errorKind(
    'no-worker',
    (rank: number) => `no worker is registered under rank ${rank}`,
    'Name the rank of a worker that has registered and not ended (S30).',
    3,
  ),
  noSentinel: errorKind(
    'no-sentinel',
    (id: number) => `sentinel ${id} has ended, or was never there`,
    'Name a sentinel of an event `declare_worker` (S30).',
    0,
  ),
  badOption: errorKind(
    'bad-option',
    (name: string, must: string, value: string) => `\`${name}\` must be ${must}, got ${value}`,
    'Give such a number, or leave the option out.',
    'firstMilliseconds',
    'a number of milliseconds from 0',
    '-1',
  ),
} as const satisfies Catalogue;
