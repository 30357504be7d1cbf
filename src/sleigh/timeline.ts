import type { Value } from '../workspace/value.ts';
import { KEY } from '../wire/names.ts';

/** The number of ended tasks, and of events of workers, that are kept: the newest ones. */
const MAX_TASKS = 100_000;
const MAX_MARKS = 10_000;
const FIRST_SIZE = 1_024;

/** What became of a task that a worker had. */
export const ENDS = ['done', 'failed', 'lost', 'returned'] as const;
export type TaskEnd = (typeof ENDS)[number];

/** What happened to the worker of a rank. */
export const MARKS = ['joined', 'replaced', 'died', 'left'] as const;
export type WorkerMark = (typeof MARKS)[number];

/** A task that a worker had, from when to when. Times are milliseconds since 1970. */
export interface TaskSpan {
  readonly rank: number;
  readonly began: number;
  readonly ended: number;
  readonly end: TaskEnd;
  /** The index of its first element; undefined if its master does not tell it. */
  readonly index: number | undefined;
}

export interface Mark {
  readonly time: number;
  readonly rank: number;
  readonly mark: WorkerMark;
}

const NO_INDEX = -1;

/** Which worker had which task when. Kept for the page: 29 bytes for each task. */
export class Timeline {
  #began = new Float64Array(FIRST_SIZE);
  #ended = new Float64Array(FIRST_SIZE);
  #ranks = new Int32Array(FIRST_SIZE);
  #indexes = new Float64Array(FIRST_SIZE);
  #ends = new Uint8Array(FIRST_SIZE);
  #next = 0;
  readonly #marks: Mark[] = [];
  #firstMark = 0;

  /** The numbers of the oldest task that is kept, and of the next one. */
  get first(): number {
    return Math.max(0, this.#next - MAX_TASKS);
  }
  get next(): number {
    return this.#next;
  }
  get nextMark(): number {
    return this.#firstMark + this.#marks.length;
  }

  add(rank: number, began: number, ended: number, end: TaskEnd, { metadata }: Value): void {
    if (this.#next === this.#began.length && this.#next < MAX_TASKS) this.#grow();
    const at = this.#next++ % MAX_TASKS;
    this.#began[at] = began;
    this.#ended[at] = ended;
    this.#ranks[at] = rank;
    this.#ends[at] = ENDS.indexOf(end);
    const index = metadata.get(KEY.index);
    this.#indexes[at] = index === undefined ? NO_INDEX : Number.parseInt(index, 10);
  }

  #grow(): void {
    const size = Math.min(2 * this.#began.length, MAX_TASKS);
    this.#began = grown(this.#began, new Float64Array(size));
    this.#ended = grown(this.#ended, new Float64Array(size));
    this.#ranks = grown(this.#ranks, new Int32Array(size));
    this.#indexes = grown(this.#indexes, new Float64Array(size));
    this.#ends = grown(this.#ends, new Uint8Array(size));
  }

  mark(time: number, rank: number, mark: WorkerMark): void {
    this.#marks.push({ time, rank, mark });
    if (this.#marks.length <= 2 * MAX_MARKS) return;
    // In large steps, because removing from the beginning moves all others.
    this.#marks.splice(0, MAX_MARKS);
    this.#firstMark += MAX_MARKS;
  }

  /** The tasks in the order in which they ended, from that number. */
  *tasksFrom(from: number): Generator<TaskSpan> {
    for (let number = Math.max(from, this.first); number < this.#next; number++) {
      const at = number % MAX_TASKS;
      const index = this.#indexes[at] ?? NO_INDEX;
      yield {
        rank: this.#ranks[at] ?? 0,
        began: this.#began[at] ?? 0,
        ended: this.#ended[at] ?? 0,
        end: ENDS[this.#ends[at] ?? 0] ?? 'done',
        index: index >= 0 ? index : undefined,
      };
    }
  }

  /** What happened to workers, in order, from that number. */
  marksFrom(from: number): readonly Mark[] {
    return this.#marks.slice(Math.max(from - this.#firstMark, 0));
  }
}

function grown<Column extends Float64Array | Int32Array | Uint8Array>(column: Column, made: Column): Column {
  made.set(column);
  return made;
}
