import { BOUNDS } from '../wire/bounds.ts';
import { bind, type Implementations } from '../machines/bind.ts';
import { shutdownMachine } from '../machines/shutdown.ts';
import { VARIABLE } from '../wire/names.ts';
import { reportEndByItself } from './end-log.ts';
import { jobOf, type Job } from './job.ts';

/** The implementations of the machine's actions. */
const implementations: Implementations<typeof shutdownMachine, Job> = {
  startGraceTimer: ({ deadlines, options }) => deadlines.start('grace', options.workerGracePeriod),
  stopGraceTimer: ({ deadlines }) => deadlines.stop('grace'),
  startDrainTimer: ({ deadlines }) => deadlines.start('drain', BOUNDS.drainSeconds.value),
  stopDrainTimer: ({ deadlines }) => deadlines.stop('drain'),
  storeRideOver: (job, { event }) => {
    reportEndByItself(job.workspace, event.type);
    job.announce(VARIABLE.rideOver, '1');
  },
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
};

export const boundShutdown = bind(shutdownMachine, jobOf, implementations);
