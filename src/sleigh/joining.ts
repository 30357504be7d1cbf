import { assertEvent, type ActorRefFrom } from 'xstate';
import { joinPhaseMachine, type JoinPhaseContext } from '../machines/join-phase.ts';
import { parseDecimal } from '../wire/numbers.ts';
import { foundText, type PendingGet } from '../workspace/pending-get.ts';
import { notANumber, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import { NO_VALUE_YET, registrationFailed } from './refusals.ts';
import type { Sleigh } from './sleigh.ts';

/** Who waits for the group to close (S5, S6). What the chart of the join phase commands is done here. */
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
    const text = ask.metadata.get('delay');
    const delay = text === undefined ? undefined : parseDecimal(text);
    if (text !== undefined && delay === undefined) return ask.refuse(notANumber('delay', text));
    this.chart.send({ type, ask, delay });
  }

  bind() {
    const { timers } = this.#sleigh;
    return this.#sleigh.instrumented(
      joinPhaseMachine.provide({
        actions: {
          giveRank: ({ context, event }) => {
            assertEvent(event, 'rank.asked');
            this.#sleigh.crew.giveRank(event.ask, context.ranksGiven);
          },
          refuseRank: ({ event }) => {
            assertEvent(event, 'rank.asked');
            this.#sleigh.crew.refuseRank(event.ask);
          },
          registerWorker: ({ event }) => {
            assertEvent(event, 'registration.asked');
            this.#sleigh.registrations.ask(event.storing);
          },
          refuseGroupClosed: ({ event }) => {
            assertEvent(event, 'registration.asked');
            event.storing.refuse(registrationFailed('group closed'));
          },
          tellMaximum: ({ context, event }) => {
            assertEvent(event, 'maximum.read');
            tell(event.ask, context.maximum);
          },
          holdForStatus: ({ event }) => {
            assertEvent(event, 'status.asked');
            this.#forStatus.add(event.ask);
          },
          holdForNumber: ({ context, event }) => {
            assertEvent(event, ['status.asked', 'wait.asked']);
            this.#holdForNumber(event.ask, event.delay ?? context.duration);
          },
          tellNotYet: ({ event }) => {
            assertEvent(event, ['status.asked', 'wait.asked']);
            event.ask.refuse(NO_VALUE_YET);
          },
          tellNumber: ({ context, event }) => {
            assertEvent(event, ['status.asked', 'wait.asked']);
            tell(event.ask, context.registeredAtClosing);
          },
          tellRegistered: ({ context, event }) => {
            assertEvent(event, ['maximum.read', 'status.asked', 'wait.asked']);
            tell(event.ask, context.registered);
          },
          tellEveryoneTheNumber: ({ context }) => this.#tellEveryone(context.registered),
          startJoinTimer: ({ context, self }) =>
            timers.start('joining', context.delay, () => self.send({ type: 'joining.elapsed' })),
          stopJoinTimer: () => timers.stop('joining'),
          reportUnexpected: ({ self, event }) => this.#sleigh.reportUnexpected(self, event),
        },
      }),
    );
  }

  /** S16. */
  *refuseEveryone(reason: Refusal): Steps {
    yield* eachInSteps(this.#forStatus.drain(), (ask) => ask.refuse(reason));
    yield* eachInSteps(this.#forNumber.drain(), (ask) => ask.refuse(reason));
  }

  /** S6, S17: until the group closes, or all are there; or for so many seconds. */
  #holdForNumber(ask: PendingGet, seconds: number): void {
    const timer = `waitForWorkers ${++this.#waits}`;
    this.#timerOf.set(ask, timer);
    this.#forNumber.add(ask, () => this.#stopTimerOf(ask));
    this.#sleigh.timers.start(timer, seconds, () => {
      ask.withdraw();
      tell(ask, this.context.registered);
    });
  }

  #stopTimerOf(ask: PendingGet): void {
    const timer = this.#timerOf.get(ask);
    if (timer !== undefined) this.#sleigh.timers.stop(timer);
    this.#timerOf.delete(ask);
  }

  #tellEveryone(number: number): void {
    const asks = [...this.#forStatus.takeAll(), ...this.#forNumber.takeAll()];
    this.#sleigh.inSteps(
      eachInSteps(asks, (ask) => {
        this.#stopTimerOf(ask);
        if (!ask.ended) tell(ask, number);
      }),
    );
  }
}

const tell = (ask: PendingGet, number: number): void => ask.answer(foundText(String(number), ask.origin));
