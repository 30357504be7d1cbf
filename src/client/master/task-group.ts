import { nextTick } from 'node:process';
import Denque from 'denque';
import { KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { chunkPart } from '../values/chunk.ts';
import type { FailedPart } from './batch-outcomes.ts';
import { CHUNK_BUDGET, ChunkSize, MAX_BYTES } from './chunk-size.ts';
import type { Found } from '../connection/connection.ts';
import type { ElementOwner } from './element-owner.ts';
import { LeftElement } from './left-element.ts';
import { bytesOf, leftAnswer } from './left-answers.ts';
import { answersIn, failed, failureIn, failureOf, outcomeOf, type Outcome } from '../task/outcome.ts';
import type { TaskFailure } from '../task/task-metadata.ts';
import type { Lending } from '../values/lending.ts';
import { metadataOf, type Part, type Sent } from './task-parts.ts';
import { encodeAlone, encodeTogether, type EncodedValue } from '../values/values.ts';
import { failureOfLoss, workerLossIn, type WorkerLoss } from '../task/worker-loss.ts';
import { TASK } from '../errors/job.ts';

/** What becomes of an element of a task: an outcome, or another task; `tried` if it may have been called. */
type Settlement = Outcome | 'tried' | 'untried';

/** Sends the tasks of a group. */
export interface TaskSender {
  /** The number of workers. */
  readonly workers: number;
  /** The default number of attempts of a task (S13). */
  readonly maxAttempts: number;
  /** Whether elements that a dead worker left undone may be called again. */
  readonly mayRepeat: boolean;
  /**
   * Stores a task. Its result is passed to `received` of the group with the same `sent`.
   * @throws if the server refuses it
   */
  send(group: TaskGroup, sent: Sent, value: EncodedValue, metadata: Map<string, string>): Promise<void>;
}

export interface TaskGroupOptions {
  readonly sender: TaskSender;
  /** The metadata of each task. */
  readonly metadata: Metadata;
  /** The number of elements of a task; `auto` adapts to how long the calls take. */
  readonly chunkSize: number | 'auto';
  /** The number of tasks under way for each worker. */
  readonly loadFactor: number;
}

/**
 * Elements of one or several batches that call the same function with the same options. Quick ones share tasks,
 * because the transport costs more than the call.
 */
export class TaskGroup {
  readonly #options: TaskGroupOptions;
  /** Undefined if the size is fixed. */
  readonly #size: ChunkSize | undefined;
  /** Collected elements that are not sent yet. */
  readonly #unsent = new Denque<Part>();
  /** The number of these elements. */
  #gathered = 0;
  /** Elements that wait for another attempt. */
  readonly #delayed = new Set<Part>();
  /** Elements that were returned undone, or are tried again, to be sent one at a time. */
  readonly #again = new Denque<Part>();
  /** The number of tasks under way, and of those among them with an element that was sent before. */
  #out = 0;
  #againOut = 0;
  #isFlushDue = false;

  constructor(options: TaskGroupOptions) {
    this.#options = options;
    this.#size = options.chunkSize === 'auto' ? new ChunkSize() : undefined;
  }

  /** The number of tasks that may be under way: at least one, even without workers. */
  get window(): number {
    const { sender, loadFactor } = this.#options;
    return Math.max(1, Math.round(loadFactor * Math.max(1, sender.workers)));
  }

  get #chunkSize(): number {
    return this.#size?.value ?? Number(this.#options.chunkSize);
  }

  /** Whether nothing of it is under way. */
  get isIdle(): boolean {
    return this.#out === 0 && this.#gathered === 0 && this.#again.length === 0 && this.#delayed.size === 0;
  }

  /** Adds an element of a batch. @param lending names the memory that is shared or moved (S36) */
  add(owner: ElementOwner, index: number, value: unknown, lending?: Lending): void {
    if (value instanceof LeftElement) return this.#addLeft(owner, index, value);
    const element = chunkPart({ value }, 'element', 'not-sent', lending);
    const latest = this.#unsent.peekBack();
    if (latest !== undefined && this.isGathering(owner)) latest.elements.push(element);
    else {
      this.#unsent.push({ owner, index, elements: [element], attempt: 1 });
      owner.countParts(1);
    }
    this.#gathered++;
    if (this.#gathered >= this.#chunkSize) this.flush();
    // If elements arrive slowly, they do not wait for a chunk to fill.
    else if (this.#size !== undefined && !this.#isFlushDue) {
      this.#isFlushDue = true;
      nextTick(() => this.flush());
    }
  }

  /** A value that is at the server travels with no others. */
  #addLeft(owner: ElementOwner, index: number, { variable: elementIn }: LeftElement): void {
    owner.countParts(1);
    const element = { ...chunkPart({ value: null }, 'element', 'not-sent'), elementIn };
    this.#again.push({ owner, index, elements: [element], attempt: 1 });
    this.flush();
  }

  /** Sends an element whose call has failed again, alone. */
  addAgain(owner: ElementOwner, index: number, { element, attempt }: FailedPart): void {
    owner.countParts(1);
    this.#again.push({ owner, index, elements: [element], attempt: attempt + 1 });
    this.flush();
  }

  /** Whether the next element of the batch joins the chunk of the previous one. */
  isGathering(owner: ElementOwner): boolean {
    const latest = this.#unsent.peekBack();
    return latest?.owner === owner && latest.elements.length < this.#chunkSize;
  }

  /**
   * Removes elements that have not been sent.
   * @returns their indexes
   */
  withdraw(owner: ElementOwner): number[] {
    const taken: number[] = [];
    for (const part of this.#delayed) {
      if (part.owner !== owner) continue;
      this.#delayed.delete(part);
      owner.countParts(-1);
      owner.retries?.withdraw(part.index);
      taken.push(part.index);
    }
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

  /** Sends the collected elements: together, unless workers are idle. */
  flush(): void {
    this.#isFlushDue = false;
    while (this.#gathered > 0) {
      // Until the duration of an element is known, this many are sent alone; the others may share tasks later.
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
      const { owner, index, elements, attempt } = part;
      if (elements.length > left) {
        this.#unsent.unshift({ owner, index: index + left, elements: elements.slice(left), attempt });
        owner.countParts(1);
        elements.length = left;
      }
      taken.push(part);
      left -= elements.length;
      this.#gathered -= elements.length;
    }
    return taken;
  }

  async #store(parts: readonly Part[], isAgain = false): Promise<void> {
    const { sender, metadata, chunkSize } = this.#options;
    const elements = parts.flatMap((part) => part.elements);
    const [{ elementIn } = {}] = elements;
    // A single element is sent as it is, whatever its size and type.
    const isChunk = elementIn === undefined && (chunkSize === 'auto' ? elements.length > 1 : chunkSize > 1);
    const left = isChunk ? undefined : parts[0]?.owner.leaves?.next();
    const sent: Sent = { parts, count: elements.length, isAgain, left };
    const all = new Map([...metadata, ...metadataOf(sent)]);
    if (isChunk) all.set(KEY.chunk, '1');
    if (sent.count > 1 && sender.mayRepeat) all.set(KEY.maxAttempts, '1');
    if (this.#size !== undefined) all.set(KEY.budget, String(CHUNK_BUDGET));
    this.#out++;
    if (isAgain) this.#againOut++;
    try {
      const [first] = elements;
      const isAlone = !isChunk && first !== undefined;
      const value = isAlone ? encodeAlone(first) : encodeTogether(elements);
      this.#size?.weighed(value.bytes.length, sent.count);
      const isTooLarge = this.#size !== undefined && sent.count > 1 && value.bytes.length > MAX_BYTES;
      if (isAlone && first.failure !== undefined) this.fail(sent, first.failure);
      else if (isTooLarge) this.#divide(sent, 'untried');
      else await sender.send(this, sent, value, all);
    } catch (error) {
      // Some of these elements cannot be sent or are refused; others may not be.
      if (sent.count > 1) this.#divide(sent, 'untried');
      else this.fail(sent, failureOf(TASK.notSent(String(error))));
    }
  }

  /** Handles the result of a task. */
  received(sent: Sent, result: Found): void {
    const { metadata } = result;
    const worker = Number(metadata.get(KEY.workerRank));
    const attempt = Number(metadata.get(KEY.attempt) ?? sent.parts[0]?.attempt ?? 1);
    const loss = workerLossIn(metadata);
    if (loss !== undefined) return this.#lost(sent, loss, worker, attempt);
    const failure = failureIn(result);
    // A failure of a whole chunk says nothing about its elements, so each is tried alone.
    if (failure !== undefined && sent.count > 1 && this.#options.sender.mayRepeat)
      return this.#divide(sent, 'tried');
    if (failure !== undefined)
      return this.#settle(sent, (_, index) => failed(index, failure, worker, attempt));
    const answers = answersIn(result);
    const took = metadata.get(KEY.took);
    if (took !== undefined) this.#size?.took(String(worker), Number(took), answers.length);
    // Large results are to be alone in their tasks, because only these stay at the server.
    if (sent.parts[0]?.owner.leaves !== undefined)
      this.#size?.answered(bytesOf(result, answers), answers.length);
    this.#settle(sent, (place, index) => {
      const answer = answers[place];
      return answer === undefined ? 'untried' : outcomeOf(index, worker, leftAnswer(sent, answer), attempt);
    });
  }

  /** Handles a task whose worker ended, or that no worker could do. */
  #lost(sent: Sent, loss: WorkerLoss, worker: number, attempt: number): void {
    const { maxAttempts, mayRepeat } = this.#options.sender;
    const failure = failureOfLoss(loss, maxAttempts);
    const isForAll = sent.count === 1 || !mayRepeat || loss.why === 'not-loaded';
    const isBlamed = (place: number): boolean => isForAll || (loss.why === 'timed-out' && place === loss.at);
    if (loss.why === 'not-loaded') for (const { owner } of sent.parts) owner.refuse(failure);
    this.#settle(sent, (place, index) =>
      isBlamed(place) ? failed(index, failure, worker, attempt) : 'tried',
    );
  }

  /** Fails all its elements in the same way. */
  fail(sent: Sent, failure: TaskFailure): void {
    this.#settle(sent, (_, index) => failed(index, failure));
  }

  #divide(sent: Sent, how: 'tried' | 'untried'): void {
    this.#settle(sent, () => how);
  }

  /** Elements without an outcome are sent again, alone. */
  #settle(sent: Sent, settlementOf: (place: number, index: number) => Settlement): void {
    this.#out--;
    if (sent.isAgain) this.#againOut--;
    let place = 0;
    for (const part of sent.parts) {
      part.owner.countParts(-1);
      this.#settlePart(part, (index) => settlementOf(place++, index));
    }
    this.flush();
  }

  #settlePart(
    { owner, index: first, elements, attempt, isSuspect = false }: Part,
    settlementOf: (index: number) => Settlement,
  ): void {
    let outcomes: Outcome[] = [];
    const settle = (end: number): void => {
      const begin = end - outcomes.length;
      if (outcomes.length > 0) owner.settle(begin, outcomes, elements.slice(begin - first, end - first));
      outcomes = [];
    };
    for (const [at, element] of elements.entries()) {
      const index = first + at;
      const settlement = settlementOf(index);
      const part = { owner, index, elements: [element] };
      const isUndone = settlement === 'tried' || settlement === 'untried';
      if (isUndone && owner.isWanted) {
        settle(index);
        owner.countParts(1);
        const isTried = settlement === 'tried';
        this.#again.push({
          ...part,
          attempt: isTried ? attempt + 1 : attempt,
          isSuspect: isTried || isSuspect,
        });
      } else if (isUndone) outcomes.push(failed(index, NOT_WANTED));
      else if (this.#isRetried(settlement, part)) settle(index);
      else outcomes.push(settlement);
    }
    settle(first + elements.length);
  }

  /** Whether the failed element is tried again, after a while (S27). */
  #isRetried(outcome: Outcome, part: Omit<Part, 'attempt'>): boolean {
    const { owner, index } = part;
    if (!('error' in outcome) || owner.retries === undefined || !owner.isWanted) return false;
    let delayed: Part | undefined;
    const again = (next: number): void => {
      if (delayed === undefined || !this.#delayed.delete(delayed)) return;
      this.#again.push({ ...part, attempt: next });
      this.flush();
    };
    if (!owner.retries.failed(index, outcome.error, again)) return false;
    delayed = { ...part, attempt: outcome.error.attempt };
    this.#delayed.add(delayed);
    owner.countParts(1);
    return true;
  }

  #sendAgain(): void {
    while (this.#againOut < this.window) {
      const part = this.#again.shift();
      if (part === undefined) return;
      void this.#store([part], true);
    }
  }
}

const NOT_WANTED = failureOf(TASK.cancelled());
