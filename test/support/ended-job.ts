import type { EndedJob } from '../../src/sleigh/ended-job.ts';

/** A job that has ended. */
export const JOB: EndedJob = {
  name: 'j',
  startedAt: 0,
  endedAt: 0,
  policy: 'requeue',
  ranks: 1,
  deaths: 0,
  replacements: 0,
  accepted: 1,
  answered: 1,
  failed: 0,
  report: undefined,
  failures: [],
  tasks: [],
  marks: [],
};
