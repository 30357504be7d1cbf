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
  busyShare: 0,
});
const lastEnd = { why: 'died', how: 'exit status 1', lastWords: '' };

test('how a worker ended is its code word, and how its process ended where that is known (S19)', () => {
  expect([endOf(lastEnd), endOf({ ...lastEnd, how: '' })]).toEqual(['died: exit status 1', 'died']);
});

test('what its sentinel reports comes before what the server saw', () => {
  expect(reasonOf(worker({ replacements: 0, lastEnd }), 'connection.closed')).toBe('died: exit status 1');
  for (const history of [undefined, { replacements: 0, lastEnd: undefined }])
    expect(reasonOf(worker(history), 'connection.closed')).toBe('connection.closed');
});

test('how often a rank was replaced is said in words', () => {
  expect([1, 2].map((replacements) => replacedTimes({ replacements, lastEnd }))).toEqual([
    'replaced 1 time',
    'replaced 2 times',
  ]);
});
