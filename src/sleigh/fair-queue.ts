import Denque from 'denque';
import type { Share } from './task-options.ts';
import type { Task } from './task.ts';

/** How long a share has its turn: for a number of tasks, and for a number of milliseconds, whichever is longer. */
interface Turn {
  readonly tasks: number;
  readonly milliseconds: number;
}

/** The turn of a share that begins, so that a small one does not wait. */
const HEAD_START: Turn = { tasks: 8, milliseconds: 100 };
const NEXT_TURN: Turn = { tasks: 1, milliseconds: 5 };

/** The tasks of one share. */
interface Line {
  readonly share: Share;
  readonly tasks: Denque<Task>;
  turn: Turn;
  /** The number of tasks that it has given in this turn, and when it gave the first. */
  given: number;
  since: number;
}

/**
 * The queue of tasks (S7, S28). Those of the highest priority are first. Among these the shares take turns. Tasks of one
 * share are in the order in which they came. Tasks that name no share form one.
 */
export class FairQueue {
  /** The lines that have tasks, by priority, highest first; in each the next to give one is first. */
  readonly #levels = new Map<number, Denque<Line>>();
  readonly #lines = new Map<string, Line>();
  #length = 0;
  /** The number of tasks that a worker has declined (S19). */
  #declined = 0;

  get length(): number {
    return this.#length;
  }

  get declinedCount(): number {
    return this.#declined;
  }

  /** The tasks, by priority and by share. */
  *[Symbol.iterator](): Generator<Task, void, undefined> {
    for (const tasks of this.#inOrder()) yield* tasks.toArray();
  }

  *#inOrder(): Generator<Denque<Task>> {
    for (const lines of this.#levels.values()) for (const { tasks } of lines.toArray()) yield tasks;
  }

  /** Some of the tasks, in the order of the iteration. */
  some(from: number, count: number): readonly Task[] {
    const some: Task[] = [];
    let before = 0;
    for (const tasks of this.#inOrder()) {
      for (let at = Math.max(0, from - before); at < tasks.length && some.length < count; at++) {
        const task = tasks.peekAt(at);
        if (task !== undefined) some.push(task);
      }
      if (some.length === count) break;
      before += tasks.length;
    }
    return some;
  }

  push(task: Task): void {
    this.#lineOf(task).tasks.push(task);
    this.#count(task, 1);
  }

  /** Returns a task to the head of its share. */
  unshift(task: Task): void {
    this.#lineOf(task).tasks.unshift(task);
    this.#count(task, 1);
  }

  #count({ declined }: Task, change: 1 | -1): void {
    this.#length += change;
    if (declined !== undefined) this.#declined += change;
  }

  #lineOf({ share }: Task): Line {
    const key = `${share.priority} ${share.name}`;
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const line: Line = { share, tasks: new Denque<Task>(), turn: HEAD_START, given: 0, since: 0 };
    this.#lines.set(key, line);
    this.#levelOf(share.priority).unshift(line);
    return line;
  }

  #levelOf(priority: number): Denque<Line> {
    const known = this.#levels.get(priority);
    if (known !== undefined) return known;
    const level = new Denque<Line>();
    const lower = [...this.#levels].filter(([each]) => each < priority);
    for (const [each] of lower) this.#levels.delete(each);
    this.#levels.set(priority, level);
    for (const [each, lines] of lower) this.#levels.set(each, lines);
    return level;
  }

  /**
   * Takes the next task that the worker of that rank has not declined.
   * @param now milliseconds
   */
  takeFor(rank: number, now: number): Task | undefined {
    if (this.#declined === 0) return this.#takeFirst(now);
    return this.#takeNext(({ declined }) => declined?.ranks.has(rank) !== true);
  }

  /** Takes the tasks that all these ranks have declined (S19). */
  takeDeclinedByAll(ranks: readonly number[]): Task[] {
    const taken: Task[] = [];
    while (this.#declined > 0) {
      const task = this.#takeNext(
        ({ declined }) => declined !== undefined && ranks.every((rank) => declined.ranks.has(rank)),
      );
      if (task === undefined) break;
      taken.push(task);
    }
    return taken;
  }

  /** Takes any task. */
  take(): Task | undefined {
    return this.#takeNext(() => true);
  }

  #takeFirst(now: number): Task | undefined {
    for (const [priority, lines] of this.#levels) {
      const line = this.#turnOf(lines, now);
      const task = line?.tasks.shift();
      if (line === undefined || task === undefined) continue;
      if (line.given++ === 0) line.since = now;
      this.#count(task, -1);
      if (line.tasks.length === 0) this.#forget(priority, line, 0);
      return task;
    }
    return undefined;
  }

  /** The line that has its turn now. */
  #turnOf(lines: Denque<Line>, now: number): Line | undefined {
    const line = lines.peekFront();
    if (line === undefined || lines.length === 1 || !isOver(line, now)) return line;
    lines.shift();
    lines.push(line);
    line.turn = NEXT_TURN;
    line.given = 0;
    return lines.peekFront();
  }

  #takeNext(holds: (task: Task) => boolean): Task | undefined {
    for (const [priority, lines] of this.#levels)
      for (const [place, line] of lines.toArray().entries()) {
        const at = placeOf(line.tasks, holds);
        if (at === undefined) continue;
        const task = line.tasks.peekAt(at);
        line.tasks.removeOne(at);
        if (task !== undefined) this.#count(task, -1);
        if (line.tasks.length === 0) this.#forget(priority, line, place);
        return task;
      }
    return undefined;
  }

  #forget(priority: number, { share }: Line, place: number): void {
    const lines = this.#levels.get(priority);
    lines?.removeOne(place);
    if (lines?.length === 0) this.#levels.delete(priority);
    this.#lines.delete(`${share.priority} ${share.name}`);
  }

  /** The number of tasks that the worker of that rank has declined. */
  declinedBy(rank: number): number {
    let left = this.#declined;
    let count = 0;
    if (left === 0) return 0;
    for (const { declined } of this) {
      if (declined === undefined) continue;
      if (declined.ranks.has(rank)) count++;
      if (--left === 0) break;
    }
    return count;
  }
}

/** Whether the turn of the line is over. */
function isOver({ turn: { tasks, milliseconds }, given, since }: Line, now: number): boolean {
  return given >= tasks && now - since >= milliseconds;
}

/** The place of the first task that satisfies the condition. */
function placeOf(tasks: Denque<Task>, holds: (task: Task) => boolean): number | undefined {
  for (let at = 0; at < tasks.length; at++) {
    const task = tasks.peekAt(at);
    if (task !== undefined && holds(task)) return at;
  }
  return undefined;
}
