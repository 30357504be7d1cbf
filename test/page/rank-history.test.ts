import { expect, test } from 'vitest';
import { endOf, reasonOf, replacedTimes } from '../../src/page/lib/rank-history.ts';
import type { WorkerView } from '../../src/views/types.ts';

const worker = (rankHistory: WorkerView['rankHistory']): WorkerView => ({
  rank: 0,
  actor: 'worker.0',
  state: 'dead',
  host: 'ada',
  client: undefined,
  rankHistory,
  completed: 0,
  onTask: undefined,
  batch: undefined,
  attempts: undefined,
  running: undefined,
  process: undefined,
  busyShare: 0,
});
const lastEnd = { why: 'died', how: 'exit status 1', lastWords: '' };

test('the end of a worker is shown by its code word, and by the exit of its process if that is known (S19)', () => {
  expect([endOf(lastEnd), endOf({ ...lastEnd, how: '' })]).toEqual(['died: exit status 1', 'died']);
});

test('the report of the sentinel takes precedence over what the server saw', () => {
  expect(reasonOf(worker({ replacements: 0, lastEnd }), 'connection.closed')).toBe('died: exit status 1');
  for (const history of [undefined, { replacements: 0, lastEnd: undefined }])
    expect(reasonOf(worker(history), 'connection.closed')).toBe('connection.closed');
});

test('the number of replacements of a rank is written in words', () => {
  expect([1, 2].map((replacements) => replacedTimes({ replacements, lastEnd }))).toEqual([
    'replaced 1 time',
    'replaced 2 times',
  ]);
});
