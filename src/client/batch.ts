import Denque from 'denque';
import type { Metadata } from '../wire/payload.ts';
import { totalOf, type BatchOptions } from './batch-options.ts';
import { chunkPart, type ChunkPart } from './chunk.ts';
import { CHUNK_BUDGET, ChunkSize, MOST_BYTES } from './chunk-size.ts';
import type { Found, NwsConnection } from './connection.ts';
import { ConnectionLostError, NwsError } from './errors.ts';
import { Notice } from './notice.ts';
import { failedOutcomes, outcomesOf, refusedOutcomes, type Outcome } from './outcome.ts';
import { SleighError } from './sleigh-error.ts';
import { BUDGET, CANCELLED_BATCHES, CHUNK, NUMBER, TOOK } from './task-metadata.ts';
import { encodeAlone, encodeTogether } from './values.ts';

/** A task on its way. */
interface Sent {
  /** Of its first element. */
  readonly index: number;
  readonly count: number;
  /** Of an automatic chunk alone, which may have to be sent again in parts. */
  readonly elements: readonly ChunkPart[];
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
  #workers: number;
  /** Undefined where it is fixed. */
  readonly #size: ChunkSize | undefined;
  /** Answered and not taken yet, by the index of the first element. */
  readonly #ready = new Map<number, readonly Outcome[]>();
  /** By the number of the task. */
  readonly #out = new Map<number, Sent>();
  /** What came back undone, to be sent one at a time. */
  readonly #again = new Denque<{ readonly index: number; readonly element: ChunkPart }>();
  /** Elements that are to travel together, and have not left. */
  #gathered: ChunkPart[] = [];
  /** How many results may be there, beside the one that is waited for. */
  #hoped = 0;
  /** Tasks. */
  #made = 0;
  /** Elements whose outcomes were taken. */
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
    this.#workers = options.workers;
    this.#ids = new Map([['batchId', options.id]]);
    this.#size = options.chunkSize === 'auto' ? new ChunkSize() : undefined;
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
    const index = this.#options.isOrdered ? this.#given : first;
    if (index === undefined) return undefined;
    const due = this.#ready.get(index);
    if (due === undefined) return undefined;
    this.#ready.delete(index);
    this.#given += due.length;
    this.#changed.give();
    return due;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** There are so many now; what is out already stays out when they are fewer. */
  set workers(workers: number) {
    this.#workers = workers;
    this.#changed.give();
  }

  /** How many tasks may be out, or answered and not taken: one, at least, and also where there is nobody yet. */
  get #window(): number {
    return Math.max(1, Math.round(this.#options.loadFactor * Math.max(1, this.#workers)));
  }

  /** The indexes of the elements that are out, the oldest first. */
  get unfinished(): number[] {
    const out = [...this.#out.values()].flatMap(({ index, count }) =>
      Array.from({ length: count }, (_, i) => index + i),
    );
    return [...out, ...this.#again.toArray().map(({ index }) => index)];
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
    this.#again.clear();
    this.#changed.give();
  }

  /** Stores tasks as the window lets it, without waiting for one to be taken before the next; rejects never. */
  async #feed(): Promise<void> {
    const { elements } = this.#options;
    try {
      const values =
        Symbol.asyncIterator in elements ? elements[Symbol.asyncIterator]() : elements[Symbol.iterator]();
      while (await this.#hasRoom()) {
        const { done, value } = await values.next();
        if (done === true || this.#isStopped) break;
        this.#gather(value);
      }
      if (this.#isStopped) await values.return?.();
    } catch (error) {
      this.#inputFault = { error };
    }
    this.#flush();
    this.#isFed = true;
    this.#changed.give();
  }

  /** @returns when one more may go out; false when no more is wanted */
  async #hasRoom(): Promise<boolean> {
    while (!this.#isStopped && this.#out.size + this.#ready.size + this.#again.length >= this.#window)
      await this.#changed.wait();
    return !this.#isStopped;
  }

  #gather(element: unknown): void {
    this.#gathered.push(chunkPart({ value: element }, 'element', 'not-sent'));
    this.#read++;
    if (this.#gathered.length >= (this.#size?.value ?? Number(this.#options.chunkSize))) this.#flush();
    // Where the elements come slowly, nobody waits for them.
    else if (this.#size !== undefined && this.#gathered.length === 1) process.nextTick(() => this.#flush());
  }

  /** Sends what is gathered: together, unless workers have nothing to do meanwhile. */
  #flush(): void {
    const elements = this.#gathered;
    this.#gathered = [];
    if (this.#isStopped || elements.length === 0) return;
    const idle = Math.min(this.#workers, this.#window - this.#ready.size) - this.#out.size;
    const parts = this.#size === undefined ? 1 : Math.max(1, idle);
    const length = Math.ceil(elements.length / parts);
    const first = this.#read - elements.length;
    for (let at = 0; at < elements.length; at += length)
      void this.#store(first + at, elements.slice(at, at + length));
  }

  async #store(index: number, elements: readonly ChunkPart[]): Promise<void> {
    const { lines, workspace, metadata, chunkSize } = this.#options;
    const number = this.#made++;
    const count = elements.length;
    // One that travels alone is sent as it is, whatever its size and kind.
    const isChunk = chunkSize === 'auto' ? count > 1 : chunkSize > 1;
    const isDivisible = chunkSize === 'auto' && isChunk;
    const sent = { index, count, elements: isDivisible ? elements : [] };
    this.#out.set(number, sent);
    this.#storing++;
    const all = new Map([...metadata, ...this.#ids, [NUMBER, String(number)]]);
    if (isChunk) all.set(CHUNK, '1');
    if (this.#size !== undefined) all.set(BUDGET, String(CHUNK_BUDGET));
    try {
      const [first] = elements;
      const isAlone = !isChunk && first !== undefined;
      const value = isAlone ? encodeAlone(first) : encodeTogether(elements);
      this.#size?.weighed(value.bytes.length, count);
      if (isAlone && first.failure !== undefined)
        this.#answer(number, sent, failedOutcomes(sent, first.failure));
      else if (isDivisible && value.bytes.length > MOST_BYTES) this.#divide(number, sent);
      else {
        await lines.main.storeEncoded(workspace, 'task', value, all);
        this.#stored++;
      }
    } catch (error) {
      if (isFinal(error)) this.end(this.#endedBy(error));
      // It is these elements that cannot be sent, or are not taken; others can.
      else if (!this.#divide(number, sent)) this.#answer(number, sent, refusedOutcomes(sent, error));
    }
    this.#storing--;
    this.#changed.give();
  }

  /** An automatic chunk stands for each of its elements: what happens to it as a whole is put to each alone. */
  #divide(number: number, { index, elements }: Sent): boolean {
    if (elements.length === 0 || this.#isStopped) return false;
    this.#out.delete(number);
    this.#sendAgain(index, elements);
    return true;
  }

  #sendAgain(index: number, elements: readonly ChunkPart[]): void {
    for (const [i, element] of elements.entries()) this.#again.push({ index: index + i, element });
    while (this.#out.size < this.#window) {
      const next = this.#again.shift();
      if (next === undefined) break;
      void this.#store(next.index, [next.element]);
    }
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
    const { metadata } = result;
    const number = Number(metadata.get(NUMBER));
    const sent = this.#out.get(number);
    this.#answered++;
    if (sent === undefined) return;
    const took = metadata.get(TOOK);
    if (took === undefined && this.#divide(number, sent)) return;
    const outcomes = outcomesOf(result, sent, this.#options.maxAttempts);
    const worker = metadata.get('nwsWorkerRank') ?? '';
    if (took !== undefined) this.#size?.took(worker, Number(took), outcomes.length);
    this.#answer(number, sent, outcomes);
  }

  #answer(number: number, { index, elements }: Sent, outcomes: readonly Outcome[]): void {
    const { elements: input, onProgress } = this.#options;
    this.#out.delete(number);
    if (!this.#isStopped) this.#ready.set(index, outcomes);
    this.#done += outcomes.length;
    this.#failed += outcomes.filter((outcome) => 'error' in outcome).length;
    if (!this.#isStopped) this.#sendAgain(index + outcomes.length, elements.slice(outcomes.length));
    this.#changed.give();
    if (this.#isStopped) return;
    try {
      onProgress?.({ done: this.#done, failed: this.#failed, read: this.#read, total: totalOf(input) });
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
