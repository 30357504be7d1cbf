import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/sleigh/fair-queue.ts';
import { readTaskOptions, type TaskOptions } from '../../src/sleigh/task-options.ts';
import type { Task } from '../../src/sleigh/task.ts';
import { isRefusal } from '../../src/workspace/refusal.ts';

let numbers = 0;
function taskOf(share: string | undefined, priority = 0): Task {
  const metadata = new Map<string, string>();
  if (share !== undefined) metadata.set('share', share);
  if (priority !== 0) metadata.set('priority', String(priority));
  return {
    ...optionsOf(metadata),
    number: ++numbers,
    value: { descriptor: 1, payload: share ?? '', metadata },
    batch: undefined,
    attempts: 0,
    place: numbers,
    declined: undefined,
    onHost: undefined,
    isSettled: false,
    broadcast: undefined,
  };
}

function optionsOf(metadata: Map<string, string>): TaskOptions {
  const options = readTaskOptions(metadata);
  if (isRefusal(options)) throw new Error(options.reason);
  return options;
}

const nameOf = (task: Task | undefined): string => task?.share.name ?? 'none';
const times = (count: number, share?: string, priority?: number): Task[] =>
  Array.from({ length: count }, () => taskOf(share, priority));

function queueOf(...tasks: readonly Task[]): FairQueue {
  const queue = new FairQueue();
  for (const task of tasks) queue.push(task);
  return queue;
}

/** Milliseconds. */
let clock = 0;
/** Takes tasks, each after that many milliseconds, and joins their shares. */
function take(queue: FairQueue, count: number, { each = 1_000, rank = 0, host = '' } = {}): string {
  return Array.from({ length: count }, () => nameOf(queue.takeFor({ rank, host }, (clock += each)))).join('');
}

describe('the queue of tasks', () => {
  it('gives tasks that name no share in the order in which they came (S7)', () => {
    const tasks = times(20);
    const queue = queueOf(...tasks);
    const [first] = tasks;
    expect(queue.takeFor({ rank: 0, host: '' }, 0)).toBe(first);
    if (first !== undefined) queue.unshift(first);
    expect(tasks.map(() => queue.takeFor({ rank: 0, host: '' }, 0))).toEqual(tasks);
    expect([queue.length, queue.takeFor({ rank: 0, host: '' }, 0)]).toEqual([0, undefined]);
  });

  it('lets shares take turns, and gives one that begins a head start of eight tasks (S28.1)', () => {
    const queue = queueOf(...times(30, 'a'), ...times(30, 'b'));
    expect(take(queue, 20)).toBe('bbbbbbbbaaaaaaaababa');
    queue.push(taskOf('c'));
    queue.push(taskOf('c'));
    expect(take(queue, 6)).toBe('ccbaba');
    expect(take(queue, 99).replaceAll('none', '')).toHaveLength(60 - 24);
  });

  it('measures turns in time, too, so that quick tasks of a small share need few (S28.1)', () => {
    const queue = queueOf(...times(300, 'a'), ...times(120, 'b'));
    expect(take(queue, 100, { each: 1 })).toBe('b'.repeat(100));
    take(queue, 100, { each: 1 });
    expect(take(queue, 24, { each: 1 })).toBe('bbbbbaaaaabbbbbaaaaabbbb');
  });

  it('gives tasks of a higher priority first (S28.2)', () => {
    const queue = queueOf(
      ...times(2, 'a'),
      ...times(2, 'low', -1),
      ...times(2, 'high', 5),
      ...times(2, 'b', 5),
    );
    expect(take(queue, 8)).toBe('bbhighhighaalowlow');
  });

  it('passes over tasks that a worker has declined (S19)', () => {
    const [mine, other] = [taskOf('a'), taskOf('b')];
    mine.declined = { ranks: new Set([0, 1]), last: { rank: 1, end: undefined } };
    other.declined = { ranks: new Set([1]), last: { rank: 1, end: undefined } };
    const queue = queueOf(mine, other, taskOf('c'));
    const count = (rank: number): number => queue.countFor({ rank, host: '' });
    expect([queue.declinedCount, count(0), count(1)]).toEqual([2, 2, 1]);
    expect(take(queue, 1, { rank: 1 })).toBe('c');
    expect(queue.takeFor({ rank: 1, host: '' }, 0)).toBeUndefined();
    expect(queue.takeFor({ rank: 0, host: '' }, 0)).toBe(other);
    expect(queue.takeDeclinedByAll([0, 1, 2])).toEqual([]);
    expect(queue.takeDeclinedByAll([0, 1])).toEqual([mine]);
    expect([queue.length, queue.declinedCount]).toEqual([0, 0]);
  });

  it('lets shares take turns while there is a task that somebody has declined (S19, S28.1)', () => {
    const mine = taskOf('a');
    mine.declined = { ranks: new Set([1]), last: { rank: 1, end: undefined } };
    const queue = queueOf(mine, ...times(30, 'a'), ...times(30, 'b'), taskOf('c'));
    queue.takeFor({ rank: 1, host: '' }, 0);
    expect(take(queue, 20, { rank: 1 })).toBe('bbbbbbbbaaaaaaaababa');
    const alone = taskOf('d');
    alone.declined = mine.declined;
    queue.push(alone);
    expect(take(queue, 6, { rank: 1 })).toBe('bababa');
    expect(queue.takeFor({ rank: 0, host: '' }, clock)).toBe(alone);
  });

  it('keeps a task for the workers of a host, and every other one gets the next (S32)', () => {
    const [mine, second, open] = [taskOf('a'), taskOf('a'), taskOf('a')];
    const queue = queueOf(mine, second, open);
    expect([queue.move(mine, 'ada'), queue.move(second, 'ada')]).toEqual([true, true]);
    const count = (host: string): number => queue.countFor({ rank: 0, host });
    expect([queue.length, queue.openCount, count('ada'), count('bob')]).toEqual([3, 1, 3, 1]);
    const takeAt = (host: string): Task | undefined => queue.takeFor({ rank: 0, host }, 0);
    expect([takeAt('bob'), takeAt('bob')]).toEqual([open, undefined]);
    expect([takeAt('ada'), takeAt('ada'), takeAt('ada')]).toEqual([mine, second, undefined]);
    expect([queue.length, queue.openCount, mine.onHost]).toEqual([0, 0, undefined]);
    expect(queue.move(mine, 'ada')).toBe(false);
    expect([queue.length, queue.openCount]).toEqual([0, 0]);
  });

  it('returns tasks that were kept for a host to their places, in whatever order (S32)', () => {
    const tasks = times(6, 'a');
    const queue = queueOf(...tasks);
    const at = (n: number): Task => tasks[n] ?? taskOf('none');
    for (const n of [4, 1, 2, 0]) queue.move(at(n), 'ada');
    for (const n of [2, 0, 4, 1]) expect(queue.move(at(n), undefined)).toBe(true);
    expect([...queue]).toEqual(tasks);
    expect(queue.openCount).toBe(6);
  });

  it('lets tasks of a host and others take turns, and shares of the same name are told apart (S28, S32)', () => {
    const kept = [...times(30, 'a'), ...times(2, 'b', 1)];
    const queue = queueOf(...kept, ...times(30, 'c'), taskOf('3 adaa'));
    for (const task of kept) queue.move(task, 'ada');
    expect(take(queue, 3, { host: 'bob' })).toBe('3 adaacc');
    expect(take(queue, 2, { host: 'ada' })).toBe('bb');
    expect(take(queue, 12, { host: 'ada' })).toBe('aaaaaaaacccccc'.slice(0, 12));
    const rest = take(queue, 20, { host: 'ada' });
    expect(rest).toMatch(/^c*(ac)+a?$/);
    expect(take(queue, 40, { host: 'bob' })).toMatch(/^c+(none)+$/);
  });

  it('counts what a worker may take that is neither declined nor kept for another host (S19, S32)', () => {
    const [here, there, open] = [taskOf('a'), taskOf('b'), taskOf('c')];
    for (const task of [here, there])
      task.declined = { ranks: new Set([0]), last: { rank: 0, end: undefined } };
    const queue = queueOf(here, there, open);
    queue.move(here, 'ada');
    queue.move(there, 'bob');
    const count = (rank: number, host: string): number => queue.countFor({ rank, host });
    expect([count(0, 'ada'), count(1, 'ada'), count(1, 'eve')]).toEqual([1, 2, 1]);
    expect(take(queue, 3, { rank: 1, host: 'bob' })).toBe('bcnone');
    expect(take(queue, 2, { rank: 1, host: 'ada' })).toBe('anone');
  });

  it('shows its tasks by priority and share, and some of them', () => {
    const queue = queueOf(...times(3, 'a'), ...times(2, 'b'), ...times(1, 'c', 1));
    const all = [...queue];
    expect(all.map(nameOf).join('')).toBe('cbbaaa');
    for (let from = 0; from < 8; from++) expect(queue.some(from, 3)).toEqual(all.slice(from, from + 3));
  });

  it.each(['high', '1.5', '1001', '-1001'])('refuses the priority %s (S28.2)', (priority) => {
    expect(readTaskOptions(new Map([['priority', priority]]))).toMatchObject({
      reason: `priority must be a whole number from -1000 to 1000, not "${priority}".`,
    });
  });
});
