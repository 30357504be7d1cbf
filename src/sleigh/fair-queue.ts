import Denque from 'denque';
import type { Task } from './task.ts';

/** How long a share has its turn: for a number of tasks, and for a number of milliseconds, whichever is longer. */
interface Turn {
  readonly tasks: number;
  readonly milliseconds: number;
}

/** The turn of a share that begins, so that a small one does not wait. */
const HEAD_START: Turn = { tasks: 8, milliseconds: 100 };
const NEXT_TURN: Turn = { tasks: 1, milliseconds: 5 };

/** The tasks of one share, in the order of their places. Those that are for the workers of one host have a line of their own. */
interface Line {
  readonly key: string;
  readonly priority: number;
  /** Undefined if every worker may take the tasks (S32). */
  readonly onHost: string | undefined;
  readonly tasks: Denque<Task>;
  turn: Turn;
  /** The number of tasks that it has given in this turn, and when it gave the first. */
  given: number;
  since: number;
}

/** Who takes a task. */
interface Taker {
  readonly rank: number;
  readonly host: string;
}

/**
 * The queue of tasks (S7, S28). Those of the highest priority are first. Among these the shares take turns. Tasks of one
 * share are in the order in which they came. Tasks that name no share form one. A policy may keep a task for the workers of
 * one host for a time (S32).
 */
export class FairQueue {
  /** The lines that have tasks, by priority, highest first; in each the next to give one is first. */
  readonly #levels = new Map<number, Denque<Line>>();
  readonly #lines = new Map<string, Line>();
  #length = 0;
  /** The number of tasks that a worker has declined (S19). */
  #declined = 0;
  /** The number of tasks that are for the workers of one host. */
  #held = 0;

  get length(): number {
    return this.#length;
  }

  get declinedCount(): number {
    return this.#declined;
  }

  /** The number of tasks that are not kept for the workers of one host (S32). */
  get openCount(): number {
    return this.#length - this.#held;
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

  /**
   * Keeps a task for the workers of a host, or for every worker (S32). Its place does not change.
   * @returns whether it is in the queue
   */
  move(task: Task, onHost: string | undefined): boolean {
    const line = this.#lines.get(keyOf(task));
    const at = line && placeBefore(line.tasks, task.place);
    if (line === undefined || at === undefined || line.tasks.peekAt(at) !== task) return false;
    if (task.onHost === onHost) return true;
    line.tasks.removeOne(at);
    this.#count(task, -1);
    this.#forgetIfEmpty(line);
    task.onHost = onHost;
    this.#count(task, 1);
    const { tasks } = this.#lineOf(task);
    const to = placeBefore(tasks, task.place);
    if (to === tasks.length) tasks.push(task);
    else tasks.splice(to, 0, task);
    return true;
  }

  #count({ declined, onHost }: Task, change: 1 | -1): void {
    this.#length += change;
    if (declined !== undefined) this.#declined += change;
    if (onHost !== undefined) this.#held += change;
  }

  /** The task is in no line any more. */
  #taken(task: Task): void {
    this.#count(task, -1);
    task.onHost = undefined;
  }

  #lineOf(task: Task): Line {
    const key = keyOf(task);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const { share, onHost } = task;
    const { priority } = share;
    const tasks = new Denque<Task>();
    const line: Line = { key, priority, onHost, tasks, turn: HEAD_START, given: 0, since: 0 };
    this.#lines.set(key, line);
    this.#levelOf(priority).unshift(line);
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
   * Takes the next task that the worker may take: it has not declined it, and the task is not kept for another host.
   * @param now milliseconds
   */
  takeFor(taker: Taker, now: number): Task | undefined {
    for (const lines of this.#levels.values()) {
      const line = this.#turnOf(lines, taker, now);
      const at = line && this.#placeFor(taker, line);
      if (line === undefined || at === undefined) continue;
      if (line.given++ === 0) line.since = now;
      return this.#takeAt(line, at);
    }
    return undefined;
  }

  /** The place in the line of the first task that the worker may take. */
  #placeFor({ rank, host }: Taker, line: Line): number | undefined {
    if (!isFor(host, line)) return undefined;
    if (this.#declined === 0) return 0;
    return placeOf(line.tasks, ({ declined }) => declined?.ranks.has(rank) !== true);
  }

  #takeAt(line: Line, at: number): Task | undefined {
    const task = line.tasks.peekAt(at);
    line.tasks.removeOne(at);
    if (task !== undefined) this.#taken(task);
    this.#forgetIfEmpty(line);
    return task;
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

  /** The line that has its turn now among those from which the worker may take. */
  #turnOf(lines: Denque<Line>, taker: Taker, now: number): Line | undefined {
    const at = this.#nextFor(taker, lines, 0);
    const line = lines.peekAt(at);
    if (line === undefined || lines.length === 1 || !isOver(line, now)) return line;
    const following = lines.peekAt(this.#nextFor(taker, lines, at + 1));
    if (following === undefined) return line;
    lines.removeOne(at);
    lines.push(line);
    line.turn = NEXT_TURN;
    line.given = 0;
    return following;
  }

  /** The place of the first such line from that place on; the number of lines if there is none. */
  #nextFor(taker: Taker, lines: Denque<Line>, from: number): number {
    if (this.#held === 0 && this.#declined === 0) return from;
    let at = from;
    for (let line = lines.peekAt(at); line !== undefined; line = lines.peekAt(++at))
      if (this.#placeFor(taker, line) !== undefined) break;
    return at;
  }

  #takeNext(holds: (task: Task) => boolean): Task | undefined {
    for (const lines of this.#levels.values())
      for (const line of lines.toArray()) {
        const at = placeOf(line.tasks, holds);
        if (at === undefined) continue;
        return this.#takeAt(line, at);
      }
    return undefined;
  }

  #forgetIfEmpty(line: Line): void {
    const { key, priority, tasks } = line;
    if (tasks.length > 0) return;
    this.#lines.delete(key);
    const lines = this.#levels.get(priority);
    if (lines === undefined) return;
    lines.removeOne(lines.peekFront() === line ? 0 : lines.toArray().indexOf(line));
    if (lines.length === 0) this.#levels.delete(priority);
  }

  /** The number of tasks that the worker may take. */
  countFor({ rank, host }: Taker): number {
    let count = this.#length;
    if (this.#held > 0)
      for (const line of this.#lines.values()) if (!isFor(host, line)) count -= line.tasks.length;
    return this.#declined === 0 ? count : count - this.#declinedBy(rank, host);
  }

  /** The number of the tasks for workers of the host that the worker of that rank has declined. */
  #declinedBy(rank: number, host: string): number {
    let left = this.#declined;
    let count = 0;
    for (const task of this) {
      const { declined } = task;
      if (declined === undefined) continue;
      if (declined.ranks.has(rank) && isFor(host, task)) count++;
      if (--left === 0) break;
    }
    return count;
  }
}

/** A number cannot contain the sign between it and the host, and the length says where the host ends. */
const keyOf = ({ share: { name, priority }, onHost }: Task): string =>
  onHost === undefined ? `${priority} ${name}` : `${priority}@${onHost.length} ${onHost}${name}`;

/** Whether a worker of the host may take it (S32). */
const isFor = (host: string, { onHost }: Pick<Task, 'onHost'>): boolean =>
  onHost === undefined || onHost === host;

/** The place in the line before which tasks have smaller places in the queue. */
function placeBefore(tasks: Denque<Task>, place: number): number {
  let [from, to] = [0, tasks.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((tasks.peekAt(middle)?.place ?? place) < place) from = middle + 1;
    else to = middle;
  }
  return from;
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
