import type { ActorRefFrom } from 'xstate';
import type { joinPhaseMachine, JoinPhaseContext } from '../machines/join-phase.ts';
import { KEY } from '../wire/names.ts';
import { parseDecimal } from '../wire/numbers.ts';
import { foundText, type PendingGet } from '../workspace/pending-get.ts';
import { notANumber, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import type { Sleigh } from './sleigh.ts';

/** Who waits for the group to close (S5, S6). */
export class Joining {
  readonly #forStatus = new WaitingLine();
  readonly #forNumber = new WaitingLine();
  readonly #sleigh: Sleigh;
  /** The timers of those who wait for the group to close, but not for ever. */
  readonly #timerOf = new Map<PendingGet, string>();
  #waits = 0;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
  }

  get chart(): ActorRefFrom<typeof joinPhaseMachine> {
    return this.#sleigh.child('joinPhase');
  }
  get context(): JoinPhaseContext {
    return this.chart.getSnapshot().context;
  }
  get isClosed(): boolean {
    return this.chart.getSnapshot().value === 'closed';
  }
  /** As `join_status` tells it. */
  get phase(): 'open' | 'joining' | 'closed' | 'elastic' {
    const { value } = this.chart.getSnapshot();
    return typeof value === 'string' ? value : value.gathering === 'open' ? 'open' : 'joining';
  }

  /** How many ranks are expected, from 0 (S4, S13). */
  get ranksExpected(): number {
    return Math.max(this.context.maximum, 0);
  }

  /** Who waits in `status`, and who in `waitForWorkers`. */
  get waiting(): { readonly forStatus: Iterable<PendingGet>; readonly forNumber: Iterable<PendingGet> } {
    return { forStatus: this.#forStatus, forNumber: this.#forNumber };
  }

  /** S5, S6: `status` and `waitForWorkers`, with the `delay` that the metadata may carry. */
  askForNumber(ask: PendingGet, type: 'status.asked' | 'wait.asked'): void {
    const text = ask.metadata.get(KEY.delay);
    const delay = text === undefined ? undefined : parseDecimal(text);
    if (text !== undefined && delay === undefined) return ask.refuse(notANumber(KEY.delay, text));
    this.chart.send({ type, request: this.#sleigh.requests.add(ask), waits: ask.waits, delay });
  }

  /** S16. */
  *refuseEveryone(reason: Refusal): Steps {
    yield* eachInSteps(this.#forStatus.drain(), (ask) => ask.refuse(reason));
    yield* eachInSteps(this.#forNumber.drain(), (ask) => ask.refuse(reason));
  }

  /** S5: until the group closes. */
  holdForStatus(ask: PendingGet): void {
    this.#forStatus.add(ask);
  }

  /** S6, S17: until the group closes, or all are there; or for so many seconds. */
  holdForNumber(ask: PendingGet, seconds: number): void {
    const timer = `waitForWorkers ${++this.#waits}`;
    this.#timerOf.set(ask, timer);
    this.#forNumber.add(ask, () => this.#stopTimerOf(ask));
    this.#sleigh.timers.start(timer, seconds, () => {
      ask.withdraw();
      tellNumber(ask, this.context.registered);
    });
  }

  #stopTimerOf(ask: PendingGet): void {
    const timer = this.#timerOf.get(ask);
    if (timer !== undefined) this.#sleigh.timers.stop(timer);
    this.#timerOf.delete(ask);
  }

  tellEveryone(number: number): void {
    const asks = [...this.#forStatus.takeAll(), ...this.#forNumber.takeAll()];
    this.#sleigh.inSteps(
      eachInSteps(asks, (ask) => {
        this.#stopTimerOf(ask);
        if (!ask.ended) tellNumber(ask, number);
      }),
    );
  }
}

export const tellNumber = (ask: PendingGet, number: number): void =>
  ask.answer(foundText(String(number), ask.origin));
