import { nextTick } from 'node:process';
import Denque from 'denque';
import { KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { chunkPart, type ChunkPart } from '../values/chunk.ts';
import { CHUNK_BUDGET, ChunkSize, MOST_BYTES } from './chunk-size.ts';
import type { Found } from '../connection/connection.ts';
import { answersIn, failed, failureIn, failureOf, outcomeOf, type Outcome } from '../task/outcome.ts';
import type { TaskFailure } from '../task/task-metadata.ts';
import { encodeAlone, encodeTogether, type EncodedValue } from '../values/values.ts';
import { failureOfLoss, workerLossIn, type WorkerLoss } from '../task/worker-loss.ts';

/** Whose elements they are: a batch. */
export interface ElementOwner {
  readonly id: string;
  /** Whether what is not done yet is to be tried again. */
  readonly isWanted: boolean;
  /** So many more parts of it are on their way, or fewer. */
  countParts(change: number): void;
  /** What became of consecutive elements. */
  settle(index: number, outcomes: readonly Outcome[]): void;
  /** No worker can load the module. */
  refuse(failure: TaskFailure): void;
}

/** Consecutive elements of one batch that travel together. */
interface Part {
  readonly owner: ElementOwner;
  /** Of the first of them. */
  readonly index: number;
  readonly elements: ChunkPart[];
}

/** A task on its way. */
export interface Sent {
  readonly parts: readonly Part[];
  /** Elements. */
  readonly count: number;
}

/** How a group sends its tasks. */
export interface TaskSender {
  /** How many workers there are. */
  readonly workers: number;
  /** How often a task is tried, unless it says so itself (S13). */
  readonly maxAttempts: number;
  /** Whether what a worker left undone may be called again. */
  readonly mayRepeat: boolean;
  /**
   * Stores a task; its result comes to `received` of the group, with the same `sent`.
   * @throws when it is not taken
   */
  send(group: TaskGroup, sent: Sent, value: EncodedValue, metadata: Map<string, string>): Promise<void>;
}

export interface TaskGroupOptions {
  readonly sender: TaskSender;
  /** Goes with each task. */
  readonly metadata: Metadata;
  /** Elements of a task; `auto`: as many as make it worth its way. */
  readonly chunkSize: number | 'auto';
  /** How many tasks may be out for each worker. */
  readonly loadFactor: number;
}

/**
 * The elements that are handed out for the same function with the same options, of one batch or of many: quick ones travel
 * together, whichever batches they are of, since the way costs more than the call.
 */
export class TaskGroup {
  readonly #options: TaskGroupOptions;
  /** Undefined where it is fixed. */
  readonly #size: ChunkSize | undefined;
  /** Gathered, and not sent yet. */
  readonly #unsent = new Denque<Part>();
  /** Elements in them. */
  #gathered = 0;
  /** To be sent one at a time: what came back undone. */
  readonly #again = new Denque<Part>();
  /** Tasks. */
  #out = 0;
  #isFlushDue = false;

  constructor(options: TaskGroupOptions) {
    this.#options = options;
    this.#size = options.chunkSize === 'auto' ? new ChunkSize() : undefined;
  }

  /** How many tasks may be out: one, at least, and also where there is nobody yet. */
  get window(): number {
    const { sender, loadFactor } = this.#options;
    return Math.max(1, Math.round(loadFactor * Math.max(1, sender.workers)));
  }

  get #chunkSize(): number {
    return this.#size?.value ?? Number(this.#options.chunkSize);
  }

  /** Nothing of it is under way. */
  get isIdle(): boolean {
    return this.#out === 0 && this.#gathered === 0 && this.#again.length === 0;
  }

  /** Hands out one more element of a batch. */
  add(owner: ElementOwner, index: number, value: unknown): void {
    const element = chunkPart({ value }, 'element', 'not-sent');
    const latest = this.#unsent.peekBack();
    if (latest !== undefined && this.isGathering(owner)) latest.elements.push(element);
    else {
      this.#unsent.push({ owner, index, elements: [element] });
      owner.countParts(1);
    }
    this.#gathered++;
    if (this.#gathered >= this.#chunkSize) this.flush();
    // Where the elements come slowly, nobody waits for them.
    else if (this.#size !== undefined && !this.#isFlushDue) {
      this.#isFlushDue = true;
      nextTick(() => this.flush());
    }
  }

  /** Whether the next element of the batch travels with the one before. */
  isGathering(owner: ElementOwner): boolean {
    const latest = this.#unsent.peekBack();
    return latest?.owner === owner && latest.elements.length < this.#chunkSize;
  }

  /** Takes back what has not left. @returns the indexes */
  withdraw(owner: ElementOwner): number[] {
    const taken: number[] = [];
    for (const queue of [this.#unsent, this.#again]) {
      for (let left = queue.length; left > 0; left--) {
        const part = queue.shift();
        if (part === undefined) break;
        if (part.owner !== owner) queue.push(part);
        else {
          owner.countParts(-1);
          if (queue === this.#unsent) this.#gathered -= part.elements.length;
          for (const at of part.elements.keys()) taken.push(part.index + at);
        }
      }
    }
    return taken;
  }

  /** Sends what is gathered: together, unless workers have nothing to do meanwhile. */
  flush(): void {
    this.#isFlushDue = false;
    while (this.#gathered > 0) {
      // Before it is known what an element takes, so many are sent alone; the others may travel together after that.
      if (this.#size?.isMeasured === false && this.#out >= this.window) return;
      const idle = Math.min(this.#options.sender.workers, this.window) - this.#out;
      const parts = this.#size === undefined ? 1 : Math.max(1, idle);
      const length = Math.min(this.#chunkSize, Math.ceil(this.#gathered / parts));
      void this.#store(this.#takeGathered(length));
    }
    this.#sendAgain();
  }

  #takeGathered(count: number): Part[] {
    const taken: Part[] = [];
    for (let left = count; left > 0;) {
      const part = this.#unsent.shift();
      if (part === undefined) break;
      const { owner, index, elements } = part;
      if (elements.length > left) {
        this.#unsent.unshift({ owner, index: index + left, elements: elements.slice(left) });
        owner.countParts(1);
        elements.length = left;
      }
      taken.push(part);
      left -= elements.length;
      this.#gathered -= elements.length;
    }
    return taken;
  }

  async #store(parts: readonly Part[]): Promise<void> {
    const { sender, metadata, chunkSize } = this.#options;
    const elements = parts.flatMap((part) => part.elements);
    const sent: Sent = { parts, count: elements.length };
    // One that travels alone is sent as it is, whatever its size and kind.
    const isChunk = chunkSize === 'auto' ? sent.count > 1 : chunkSize > 1;
    const all = new Map([...metadata, [KEY.batchId, parts.map(({ owner }) => owner.id).join(',')]]);
    if (isChunk) all.set(KEY.chunk, '1');
    if (parts.length > 1) all.set(KEY.shares, parts.map((part) => part.elements.length).join(','));
    if (sent.count > 1 && sender.mayRepeat) all.set(KEY.maxAttempts, '1');
    if (this.#size !== undefined) all.set(KEY.budget, String(CHUNK_BUDGET));
    this.#out++;
    try {
      const [first] = elements;
      const isAlone = !isChunk && first !== undefined;
      const value = isAlone ? encodeAlone(first) : encodeTogether(elements);
      this.#size?.weighed(value.bytes.length, sent.count);
      const isTooLarge = this.#size !== undefined && sent.count > 1 && value.bytes.length > MOST_BYTES;
      if (isAlone && first.failure !== undefined) this.fail(sent, first.failure);
      else if (isTooLarge) this.#divide(sent);
      else await sender.send(this, sent, value, all);
    } catch (error) {
      // It is these elements that cannot be sent, or are not taken; others can.
      if (sent.count > 1) this.#divide(sent);
      else this.fail(sent, failureOf('not-sent', String(error)));
    }
  }

  /** The result of a task. */
  received(sent: Sent, result: Found): void {
    const { metadata } = result;
    const worker = Number(metadata.get(KEY.workerRank));
    const loss = workerLossIn(metadata);
    if (loss !== undefined) return this.#lost(sent, loss, worker);
    const failure = failureIn(result);
    // A chunk stands for each of its elements: what happens to it as a whole is put to each alone.
    if (failure !== undefined && sent.count > 1 && this.#options.sender.mayRepeat) return this.#divide(sent);
    if (failure !== undefined) return this.#settle(sent, (_, index) => failed(index, failure, worker));
    const answers = answersIn(result);
    const took = metadata.get(KEY.took);
    if (took !== undefined) this.#size?.took(String(worker), Number(took), answers.length);
    this.#settle(sent, (place, index) => {
      const answer = answers[place];
      return answer && outcomeOf(index, worker, answer);
    });
  }

  /** The worker ended, or nobody would do it. */
  #lost(sent: Sent, loss: WorkerLoss, worker: number): void {
    const { maxAttempts, mayRepeat } = this.#options.sender;
    const failure = failureOfLoss(loss, maxAttempts);
    const isForAll = sent.count === 1 || !mayRepeat || loss.why === 'not-loaded';
    const isBlamed = (place: number): boolean => isForAll || (loss.why === 'timed-out' && place === loss.at);
    if (loss.why === 'not-loaded') for (const { owner } of sent.parts) owner.refuse(failure);
    this.#settle(sent, (place, index) => (isBlamed(place) ? failed(index, failure, worker) : undefined));
  }

  /** All of it fails in one way. */
  fail(sent: Sent, failure: TaskFailure): void {
    this.#settle(sent, (_, index) => failed(index, failure));
  }

  #divide(sent: Sent): void {
    this.#settle(sent, () => undefined);
  }

  /** @param outcomeAt of the element at that place; those that have none are tried again, alone */
  #settle(sent: Sent, outcomeAt: (place: number, index: number) => Outcome | undefined): void {
    this.#out--;
    let place = 0;
    for (const part of sent.parts) {
      part.owner.countParts(-1);
      this.#settlePart(part, (index) => outcomeAt(place++, index));
    }
    this.flush();
  }

  #settlePart(
    { owner, index: first, elements }: Part,
    outcomeAt: (index: number) => Outcome | undefined,
  ): void {
    let outcomes: Outcome[] = [];
    const settle = (end: number): void => {
      if (outcomes.length > 0) owner.settle(end - outcomes.length, outcomes);
      outcomes = [];
    };
    for (const [at, element] of elements.entries()) {
      const index = first + at;
      const outcome = outcomeAt(index) ?? (owner.isWanted ? undefined : failed(index, NOT_WANTED));
      if (outcome !== undefined) outcomes.push(outcome);
      else {
        settle(index);
        owner.countParts(1);
        this.#again.push({ owner, index, elements: [element] });
      }
    }
    settle(first + elements.length);
  }

  #sendAgain(): void {
    while (this.#out < this.window) {
      const part = this.#again.shift();
      if (part === undefined) return;
      void this.#store([part]);
    }
  }
}

const NOT_WANTED = failureOf('cancelled', 'the batch was cancelled');
