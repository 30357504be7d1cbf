import type { Task } from './crew.ts';

/** Tasks of one share and one priority that the same workers may take, in the order of their places (S28, S32.3). */
interface Line {
  readonly key: string;
  readonly priority: number;
  readonly host: string | undefined;
  tasks: Task[];
  /** How long its turn is: for a number of tasks, and for a number of milliseconds. */
  turn: { readonly tasks: number; readonly milliseconds: number };
  /** What it has given in this turn, and when it gave the first. */
  given: number;
  since: number;
}

const FIRST_TURN = { tasks: 8, milliseconds: 100 };
const LATER_TURN = { tasks: 1, milliseconds: 5 };

/** S28: another number, or none, was refused before. */
const priorityOf = ({ metadata }: Task): number => Number(metadata['priority'] ?? 0);
const keyOf = (task: Task): string =>
  JSON.stringify([priorityOf(task), task.metadata['share'] ?? '', task.host ?? null]);

/** Whether a worker of a host may take what is kept for one (S32.1). */
const isFor = (kept: string | undefined, host: string): boolean => kept === undefined || kept === host;

/** The queue of tasks: shares of the same priority take turns (S28.1). */
export class TaskQueue {
  /** Those of a higher priority first; among those of the same priority the one that has its turn. */
  #lines: Line[] = [];
  #first = 0;
  #last = 0;

  get tasks(): readonly Task[] {
    return this.#lines.flatMap(({ tasks }) => tasks);
  }

  push(task: Task): void {
    task.place = ++this.#last;
    this.#add(task);
  }

  /** The first of its share. */
  putBack(task: Task): void {
    task.place = --this.#first;
    this.#add(task);
  }

  /** S32. @param host undefined: every worker may take it */
  keepFor(task: Task, host: string | undefined): void {
    if (task.host === host) return;
    this.remove(task);
    task.host = host;
    this.#add(task);
  }

  /** D8: places are kept, and turns begin again. */
  restarted(): void {
    const tasks = this.tasks.toSorted((a, b) => a.place - b.place);
    this.#lines = [];
    for (const task of tasks) {
      task.host = undefined;
      this.#add(task);
    }
  }

  #add(task: Task): void {
    const key = keyOf(task);
    let line = this.#lines.find((other) => other.key === key);
    if (line === undefined) {
      const priority = priorityOf(task);
      line = { key, priority, host: task.host, tasks: [], turn: FIRST_TURN, given: 0, since: 0 };
      const lower = this.#lines.findIndex((other) => other.priority <= priority);
      this.#lines.splice(lower < 0 ? this.#lines.length : lower, 0, line);
    }
    line.tasks.push(task);
    line.tasks.sort((a, b) => a.place - b.place);
  }

  remove(task: Task): void {
    for (const line of this.#lines) line.tasks = line.tasks.filter((other) => other !== task);
    this.#lines = this.#lines.filter(({ tasks }) => tasks.length > 0);
  }

  /** Takes the next task for a worker. What it has declined is passed over (S19). */
  takeFor(rank: number, host: string, now: number): Task | undefined {
    const isFit = ({ declinedBy, host: kept }: Task): boolean => !declinedBy.has(rank) && isFor(kept, host);
    const line = this.#turnAmong(
      this.#lines.filter(({ tasks }) => tasks.some(isFit)),
      now,
    );
    const task = line?.tasks.find(isFit);
    if (line === undefined || task === undefined) return undefined;
    if (line.given++ === 0) line.since = now;
    this.remove(task);
    task.host = undefined;
    return task;
  }

  /** S28.1. @param fitting the lines from which the worker may take */
  #turnAmong(fitting: readonly Line[], now: number): Line | undefined {
    const [line] = fitting;
    const next = fitting.find((other) => other !== line && other.priority === line?.priority);
    if (line === undefined || next === undefined) return line;
    if (line.given < line.turn.tasks || now - line.since < line.turn.milliseconds) return line;
    line.turn = LATER_TURN;
    line.given = 0;
    const after = this.#lines.findLastIndex(({ priority }) => priority === line.priority);
    this.#lines.splice(after + 1, 0, line);
    this.#lines.splice(this.#lines.indexOf(line), 1);
    return next;
  }
}
