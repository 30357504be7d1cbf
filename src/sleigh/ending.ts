import type { ActorRefFrom } from 'xstate';
import { shutdownMachine } from '../machines/shutdown.ts';
import { reportEndByItself } from './end-log.ts';
import type { Sleigh } from './sleigh.ts';

/** Seconds that workers waiting for tasks are left to their sentinels (S14). */
const DRAIN_PERIOD = 10;

/** The variable that ends a job (S14). */
export const RIDE_OVER = 'Sleigh ride over';

/** How the job ends (S14, S15). What the chart of the shutdown commands is done here. */
export class Ending {
  readonly #sleigh: Sleigh;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
  }

  get chart(): ActorRefFrom<typeof shutdownMachine> {
    return this.#sleigh.child('shutdown');
  }

  bind() {
    const { timers, options } = this.#sleigh;
    return this.#sleigh.instrumented(
      shutdownMachine.provide({
        actions: {
          startGraceTimer: ({ self }) =>
            timers.start('grace', options.workerGracePeriod, () => self.send({ type: 'grace.elapsed' })),
          stopGraceTimer: () => timers.stop('grace'),
          startDrainTimer: ({ self }) =>
            timers.start('drain', DRAIN_PERIOD, () => self.send({ type: 'drain.elapsed' })),
          stopDrainTimer: () => timers.stop('drain'),
          storeRideOver: ({ event }) => {
            reportEndByItself(this.#sleigh, event.type);
            this.#sleigh.announce(RIDE_OVER, '1');
          },
          reportUnexpected: ({ self, event }) => this.#sleigh.reportUnexpected(self, event),
        },
      }),
    );
  }
}
