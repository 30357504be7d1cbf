import type { Metadata } from '../wire/payload.ts';
import type { Found, NwsConnection } from './connection.ts';
import { ConnectionLostError, NwsError } from './errors.ts';
import type { Lines } from './lines.ts';
import { Notice } from './notice.ts';
import { outcomesOf, refusedOutcomes, type Outcome } from './outcome.ts';
import { SleighError } from './sleigh-error.ts';
import { CANCELLED_BATCHES, CHUNK, NUMBER } from './task-metadata.ts';

/** How far a batch has come, in elements. */
export interface Progress {
  /** Answered, well or not. */
  readonly done: number;
  /** Of these, those that failed. */
  readonly failed: number;
  /** Taken from the input so far. */
  readonly read: number;
  /** How many there are in all, where the input says so (an array, a Set …). */
  readonly total: number | undefined;
}

export interface BatchOptions {
  readonly lines: Lines;
  readonly workspace: string;
  readonly id: string;
  readonly elements: AsyncIterable<unknown> | Iterable<unknown>;
  /** Goes with each task. */
  readonly metadata: Metadata;
  /** How many tasks may be out, or answered and not yet taken, at most; see `Batch.window`. */
  readonly window: number;
  /** Elements of a task. */
  readonly chunkSize: number;
  /** Outcomes come in the order of the elements, not as they come. */
  readonly isOrdered: boolean;
  /** How often a task is tried (S13). */
  readonly maxAttempts: number;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** A task on its way. */
interface Sent {
  /** Of its first element. */
  readonly index: number;
  readonly count: number;
}

/**
 * Hands out elements as the tasks of one batch, and takes their results (S7), with so many out at once and no more. A
 * task counts until its outcomes are taken, so that results that wait for an earlier one take no more memory than that
 * either.
 */
export class Batch {
  /** Resolves when nothing of it is left on the server. */
  readonly settled: Promise<void>;
  readonly #options: BatchOptions;
  readonly #ids: Metadata;
  readonly #changed = new Notice();
  #window: number;
  /** Answered and not taken yet, by the number of the task. */
  readonly #ready = new Map<number, readonly Outcome[]>();
  readonly #out = new Map<number, Sent>();
  /** How many results may be there, beside the one that is waited for. */
  #hoped = 0;
  /** Tasks made, and those whose outcomes were taken. */
  #made = 0;
  #given = 0;
  /** Tasks on their way to the server, and those that it has taken; a result may be here before word of that. */
  #storing = 0;
  #stored = 0;
  #answered = 0;
  /** Elements. */
  #read = 0;
  #done = 0;
  #failed = 0;
  #isFed = false;
  #isSettled = false;
  #isStopped = false;
  /** What the input threw: told when all that came before is answered. */
  #inputFault: { readonly error: unknown } | undefined;
  /** What ended the batch before its time. */
  #fault: { readonly error: unknown } | undefined;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#window = options.window;
    this.#ids = new Map([['batchId', options.id]]);
    void this.#feed();
    this.settled = this.#take();
  }

  /**
   * The outcomes, each once. To stop before the end cancels what is left.
   * @throws whatever the input threw, when all that came before is answered; what `cancel` and `end` were given
   */
  async *outcomes(): AsyncGenerator<Outcome, void, undefined> {
    try {
      for (;;) {
        if (this.#fault !== undefined) throw this.#fault.error;
        const due = this.#due();
        if (due !== undefined) yield* due;
        else if (this.#isSettled) break;
        else await this.#changed.wait();
      }
    } finally {
      this.cancel(new SleighError('stopped', 'the batch was left', this.unfinished));
    }
    if (this.#inputFault !== undefined) throw this.#inputFault.error;
  }

  #due(): readonly Outcome[] | undefined {
    const [first] = this.#ready.keys();
    const number = this.#options.isOrdered ? this.#given : first;
    if (number === undefined) return undefined;
    const due = this.#ready.get(number);
    if (due === undefined) return undefined;
    this.#ready.delete(number);
    this.#given++;
    this.#changed.give();
    return due;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** What is out already stays out when it becomes narrower. */
  set window(tasks: number) {
    this.#window = tasks;
    this.#changed.give();
  }

  /** The indexes of the elements that are out, the oldest first. */
  get unfinished(): number[] {
    return [...this.#out.values()].flatMap(({ index, count }) =>
      Array.from({ length: count }, (_, i) => index + i),
    );
  }

  /**
   * Takes no more elements, and lets the workers know: what is queued is not called, and what runs is told. Their results
   * are taken and thrown away.
   */
  cancel(reason: unknown): void {
    if (this.#isStopped) return;
    this.#stop(reason);
    if (this.#isSettled) return;
    const { lines, workspace, id } = this.#options;
    // Where it cannot be told there is nobody to tell.
    lines.main.store(workspace, CANCELLED_BATCHES, id).catch(() => undefined);
  }

  /** Nothing will be answered any more. */
  end(reason: unknown): void {
    this.#stop(reason);
    this.#isSettled = true;
    this.#changed.give();
  }

  #stop(reason: unknown): void {
    this.#isStopped = true;
    this.#fault ??= { error: reason };
    this.#ready.clear();
    this.#changed.give();
  }

  /** Stores tasks as the window lets it, without waiting for one to be taken before the next; rejects never. */
  async #feed(): Promise<void> {
    const { elements, chunkSize } = this.#options;
    try {
      const values =
        Symbol.asyncIterator in elements ? elements[Symbol.asyncIterator]() : elements[Symbol.iterator]();
      let chunk: unknown[] = [];
      while (await this.#hasRoom()) {
        const { done, value } = await values.next();
        if (done === true || this.#isStopped) break;
        chunk.push(value);
        this.#read++;
        if (chunk.length < chunkSize) continue;
        void this.#store(chunk);
        chunk = [];
      }
      if (this.#isStopped) await values.return?.();
      else if (chunk.length > 0) void this.#store(chunk);
    } catch (error) {
      this.#inputFault = { error };
    }
    this.#isFed = true;
    this.#changed.give();
  }

  /** @returns when one more may go out; false when no more is wanted */
  async #hasRoom(): Promise<boolean> {
    while (!this.#isStopped && this.#made - this.#given >= this.#window) await this.#changed.wait();
    return !this.#isStopped;
  }

  async #store(chunk: readonly unknown[]): Promise<void> {
    const { lines, workspace, metadata, chunkSize } = this.#options;
    const number = this.#made++;
    const sent = { index: this.#read - chunk.length, count: chunk.length };
    this.#out.set(number, sent);
    this.#storing++;
    const all = new Map([...metadata, ...this.#ids, [NUMBER, String(number)]]);
    if (chunkSize > 1) all.set(CHUNK, '1');
    try {
      await lines.main.store(workspace, 'task', chunkSize > 1 ? chunk : chunk[0], all);
      this.#stored++;
    } catch (error) {
      if (isFinal(error)) this.end(this.#endedBy(error));
      // It is these elements that cannot be sent, or are not taken; others can.
      else this.#answer(number, refusedOutcomes(sent, error));
    }
    this.#storing--;
    this.#changed.give();
  }

  /** Takes results until there are none to come; rejects never. */
  async #take(): Promise<void> {
    const { lines, workspace } = this.#options;
    try {
      while (!this.#isSettled) {
        if (this.#stored > this.#answered)
          await lines.lend(workspace, (connection) => this.#fetch(connection));
        else if ((this.#isFed || this.#isStopped) && this.#storing === 0) break;
        else await this.#changed.wait();
      }
    } catch (error) {
      this.end(this.#endedBy(error));
    }
    this.#isSettled = true;
    this.#changed.give();
  }

  /** Takes the results that are there, and waits for one more, in one request for each: only the last may wait (P5.2). */
  async #fetch(connection: NwsConnection): Promise<void> {
    const { workspace } = this.#options;
    const tries = Math.min(this.#hoped, this.#stored - this.#answered - 1);
    const take = async (asked: Promise<Found | undefined>): Promise<Found | undefined> => {
      const result = await asked;
      if (result !== undefined) this.#received(result);
      return result;
    };
    const taken = await Promise.all([
      ...Array.from({ length: tries }, () => take(connection.fetchTry(workspace, 'result', this.#ids))),
      take(connection.fetch(workspace, 'result', this.#ids)),
    ]);
    const found = taken.filter((result) => result !== undefined);
    // One that was there at once has the id of its variable (V9): there may be more.
    const hadToWait = found.at(-1)?.variableId === '';
    this.#hoped = hadToWait ? found.length - 1 : 2 * found.length;
  }

  #received(result: Found): void {
    const number = Number(result.metadata.get(NUMBER));
    const sent = this.#out.get(number);
    this.#answered++;
    if (sent !== undefined) this.#answer(number, outcomesOf(result, sent, this.#options.maxAttempts));
  }

  #answer(number: number, outcomes: readonly Outcome[]): void {
    const { elements, onProgress } = this.#options;
    this.#out.delete(number);
    if (!this.#isStopped) this.#ready.set(number, outcomes);
    this.#done += outcomes.length;
    this.#failed += outcomes.filter((outcome) => 'error' in outcome).length;
    this.#changed.give();
    if (this.#isStopped) return;
    try {
      onProgress?.({ done: this.#done, failed: this.#failed, read: this.#read, total: totalOf(elements) });
    } catch (error) {
      this.cancel(error);
    }
  }

  #endedBy(error: unknown): unknown {
    if (!(error instanceof NwsError)) return error;
    return new SleighError('over', 'no worker is left, or someone has ended the job', this.unfinished, error);
  }
}

/** Nothing more will come of the job. */
const isFinal = (error: unknown): boolean =>
  error instanceof ConnectionLostError || (error instanceof NwsError && error.code !== 'failed');

function totalOf(elements: AsyncIterable<unknown> | Iterable<unknown>): number | undefined {
  if (Array.isArray(elements)) return elements.length;
  return elements instanceof Set || elements instanceof Map ? elements.size : undefined;
}
