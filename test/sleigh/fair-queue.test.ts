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
function take(queue: FairQueue, count: number, { each = 1_000, rank = 0 } = {}): string {
  return Array.from({ length: count }, () => nameOf(queue.takeFor(rank, (clock += each)))).join('');
}

describe('the queue of tasks', () => {
  it('gives tasks that name no share in the order in which they came (S7)', () => {
    const tasks = times(20);
    const queue = queueOf(...tasks);
    const [first] = tasks;
    expect(queue.takeFor(0, 0)).toBe(first);
    if (first !== undefined) queue.unshift(first);
    expect(tasks.map(() => queue.takeFor(0, 0))).toEqual(tasks);
    expect([queue.length, queue.takeFor(0, 0)]).toEqual([0, undefined]);
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
    expect([queue.declinedCount, queue.declinedBy(0), queue.declinedBy(1)]).toEqual([2, 1, 2]);
    expect(take(queue, 1, { rank: 1 })).toBe('c');
    expect(queue.takeFor(1, 0)).toBeUndefined();
    expect(queue.takeFor(0, 0)).toBe(other);
    expect(queue.takeDeclinedByAll([0, 1, 2])).toEqual([]);
    expect(queue.takeDeclinedByAll([0, 1])).toEqual([mine]);
    expect([queue.length, queue.declinedCount]).toEqual([0, 0]);
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
