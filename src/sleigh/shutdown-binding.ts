import { bind, type Implementations } from '../machines/bind.ts';
import { shutdownMachine } from '../machines/shutdown.ts';
import { VARIABLE } from '../wire/names.ts';
import { reportEndByItself } from './end-log.ts';
import type { Sleigh } from './sleigh.ts';

/** Seconds that workers waiting for tasks are left to their sentinels (S14). */
const DRAIN_PERIOD = 10;

/** What the machine of the shutdown commands. */
function implementations(sleigh: Sleigh): Implementations<typeof shutdownMachine> {
  const { timers, options } = sleigh;
  return {
    startGraceTimer: ({ self }) =>
      timers.start('grace', options.workerGracePeriod, () => self.send({ type: 'grace.elapsed' })),
    stopGraceTimer: () => timers.stop('grace'),
    startDrainTimer: ({ self }) =>
      timers.start('drain', DRAIN_PERIOD, () => self.send({ type: 'drain.elapsed' })),
    stopDrainTimer: () => timers.stop('drain'),
    storeRideOver: ({ event }) => {
      reportEndByItself(sleigh, event.type);
      sleigh.announce(VARIABLE.rideOver, '1');
    },
    reportUnexpected: ({ self, event }) => sleigh.reportUnexpected(self, event),
  };
}

export const boundShutdown = (sleigh: Sleigh) => bind(shutdownMachine, implementations(sleigh));
