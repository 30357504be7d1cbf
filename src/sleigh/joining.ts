import type { ActorRefFrom } from 'xstate';
import type { joinPhaseMachine } from '../machines/join-phase.ts';
import type { JoinPhaseContext } from '../machines/join-phase-setup.ts';
import { KEY } from '../wire/names.ts';
import { parseDecimal } from '../wire/numbers.ts';
import { foundText, type PendingGet } from '../workspace/pending-get.ts';
import { notANumber, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import type { JobHost } from './job-host.ts';

/** The gets that wait for the group to close (S5, S6). */
export class Joining {
  readonly #forStatus = new WaitingLine();
  readonly #forNumber = new WaitingLine();
  readonly #job: JobHost;
  /** The timers of those who wait for the group to close, but not for ever. */
  readonly #timerOf = new Map<PendingGet, string>();
  #waits = 0;

  constructor(job: JobHost) {
    this.#job = job;
  }

  get chart(): ActorRefFrom<typeof joinPhaseMachine> {
    return this.#job.joinPhase;
  }
  get context(): JoinPhaseContext {
    return this.chart.getSnapshot().context;
  }
  /** As `join_status` tells it. */
  get phase(): 'open' | 'joining' | 'closed' | 'elastic' {
    const { value } = this.chart.getSnapshot();
    return typeof value === 'string' ? value : value.gathering === 'open' ? 'open' : 'joining';
  }

  /** The number of expected ranks, from 0 (S4, S13). */
  get ranksExpected(): number {
    return Math.max(this.context.maximum, 0);
  }

  /** The gets that wait in `status` and in `waitForWorkers`. */
  get waiting(): { readonly forStatus: Iterable<PendingGet>; readonly forNumber: Iterable<PendingGet> } {
    return { forStatus: this.#forStatus, forNumber: this.#forNumber };
  }

  /** Handles `status` and `waitForWorkers`, with the `delay` of their metadata (S5, S6). */
  askForWorkerCount(get: PendingGet, type: 'status.asked' | 'wait.asked'): void {
    const text = get.metadata.get(KEY.delay);
    const delay = text === undefined ? undefined : parseDecimal(text);
    if (text !== undefined && delay === undefined) return get.refuse(notANumber(KEY.delay, text));
    this.chart.send({ type, request: this.#job.requests.add(get), waits: get.waits, delay });
  }

  /** S16. */
  *refuseEveryone(reason: Refusal): Steps {
    yield* eachInSteps(this.#forStatus.drain(), (get) => get.refuse(reason));
    yield* eachInSteps(this.#forNumber.drain(), (get) => get.refuse(reason));
  }

  /** Lets a get wait until the group closes (S5). */
  holdForStatus(get: PendingGet): void {
    this.#forStatus.add(get);
  }

  /** Lets a get wait until the group closes, until all workers are there, or for a number of seconds (S6, S17). */
  holdForWorkerCount(get: PendingGet, seconds: number): void {
    const timer = `waitForWorkers ${++this.#waits}`;
    this.#timerOf.set(get, timer);
    this.#forNumber.add(get, () => this.#stopTimerOf(get));
    this.#job.timers.start(timer, seconds, () => {
      get.withdraw();
      replyWorkerCount(get, this.context.registered);
    });
  }

  #stopTimerOf(get: PendingGet): void {
    const timer = this.#timerOf.get(get);
    if (timer !== undefined) this.#job.timers.stop(timer);
    this.#timerOf.delete(get);
  }

  replyToAll(number: number): void {
    const asks = [...this.#forStatus.takeAll(), ...this.#forNumber.takeAll()];
    this.#job.inSteps(
      eachInSteps(asks, (get) => {
        this.#stopTimerOf(get);
        if (!get.ended) replyWorkerCount(get, number);
      }),
    );
  }
}

export const replyWorkerCount = (get: PendingGet, number: number): void =>
  get.answer(foundText(String(number), get.origin));
