import type { WorkerEnd } from '../machines/worker-end.ts';
import { KEY } from '../wire/names.ts';
import type { Fields } from '../store/change.ts';
import type { RecordReader } from '../store/record.ts';

export const recordOfEnd = (end: WorkerEnd | undefined): Fields | undefined => end && { ...end };

export const endIn = (record: RecordReader | undefined): WorkerEnd | undefined =>
  record && {
    why: record.text('why'),
    how: record.optionalText('how'),
    lastWords: record.optionalText(KEY.lastWords),
    at: record.optionalNumber('at'),
  };
