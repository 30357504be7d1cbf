import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { sleighMachine } from '../machines/sleigh.ts';
import { jobOf, type Job } from './job.ts';
import { SLEIGH_DEAD } from './refusals.ts';

/**
 * The actions of the supervisor, which handle events of the other machines, connections and the workspace.
 * `machines/sleigh.ts` contains the routing of events.
 */
const implementations: Implementations<typeof sleighMachine, Job> = {
  closeRanks: (job) => job.inSteps(job.crew.closeRanks()),
  settleBroadcasts: ({ recovery }) => recovery.settleBroadcasts(),
  loseConnection: ({ crew }, { event }) => {
    assertEvent(event, 'connection.closed');
    crew.lose(event.client);
  },
  letConnectionGo: ({ crew }, { event }) => {
    assertEvent(event, 'connection.closed');
    crew.letGo(event.client);
  },
  reportDeath: ({ crew }, { event }) => {
    assertEvent(event, 'death.reported');
    crew.reportDeath(event.rank, event.task, event.end);
  },
  tellWorkersOfSentinel: (job, { event }) => {
    assertEvent(event, ['sentinel.died', 'sentinel.left']);
    job.inSteps(job.crew.tellWorkersOf(job.crew.sentinel(event.id), 'all'));
  },
  giveUpRanksOfSentinel: (job, { event }) => {
    assertEvent(event, 'sentinel.left');
    job.inSteps(job.crew.tellWorkersOf(job.crew.sentinel(event.id), 'unregistered'));
  },
  endWaitingOfSentinel: (job, { event }) => {
    assertEvent(event, 'sentinel.left');
    job.inSteps(job.crew.endWaitingOf(job.crew.sentinel(event.id)));
  },
  dismissSentinels: (job) => job.inSteps(job.crew.dismissSentinels()),
  dismissLost: (job) => job.inSteps(job.registrations.dismissLost()),
  refuseMasters: (job) => job.inSteps(job.work.batches.refuseWaiting(SLEIGH_DEAD)),
  endWaiting: (job) => job.inSteps(job.work.endWaiting()),
  dropWork: (job) => job.inSteps(job.work.drop()),
  endEveryone: (job) => job.inSteps(job.endEveryone()),
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
  reportBroken: (job, { event }) => {
    if ('actorId' in event) job.fail(event.actorId, event.error);
  },
};

export const boundSleigh = bind(sleighMachine, jobOf, implementations);
