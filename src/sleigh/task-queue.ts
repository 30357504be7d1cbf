import type Denque from 'denque';
import type { Task } from './task.ts';

/** Some of the queued tasks, in order. */
export function someOf(queue: Denque<Task>, from: number, count: number): readonly Task[] {
  const tasks: Task[] = [];
  for (let at = from; at < Math.min(from + count, queue.length); at++) {
    const task = queue.peekAt(at);
    if (task !== undefined) tasks.push(task);
  }
  return tasks;
}

/** The position of the next task that the worker of that rank has not declined, which is usually the first one. */
export function placeFor(queue: Denque<Task>, rank: number): number | undefined {
  for (let at = 0; at < queue.length; at++)
    if (queue.peekAt(at)?.declined?.ranks.has(rank) !== true) return at;
  return undefined;
}

/**
 * The number of queued tasks that the worker of that rank has declined.
 * @param declined the number of those that any worker has declined
 */
export function declinedBy(queue: Denque<Task>, rank: number, declined: number): number {
  let left = declined;
  let count = 0;
  for (let at = 0; left > 0 && at < queue.length; at++) {
    const by = queue.peekAt(at)?.declined?.ranks;
    if (by === undefined) continue;
    left--;
    if (by.has(rank)) count++;
  }
  return count;
}
