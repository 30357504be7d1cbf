import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { sleighMachine } from '../machines/sleigh.ts';
import { closeRanks, endWaitingOf, notifyWorkersOf, stopSentinels } from './crew-notices.ts';
import { jobOf, type Job } from './job.ts';
import { refuseRank, replyRank, replyStop } from './rank-replies.ts';
import { SLEIGH_DEAD } from './refusals.ts';

/**
 * The actions of the supervisor, which handle events of the other machines, connections and the workspace.
 * `machines/sleigh.ts` contains the routing of events.
 */
const implementations: Implementations<typeof sleighMachine, Job> = {
  closeRanks: (job) => job.inSteps(closeRanks(job.crew, job.joining.context.registered, job.emit)),
  settleBroadcasts: ({ recovery }) => recovery.settleBroadcasts(),
  disconnect: ({ crew }, { event }) => {
    assertEvent(event, 'connection.closed');
    crew.handleDisconnection(event.client);
  },
  leave: ({ crew }, { event }) => {
    assertEvent(event, 'connection.closed');
    crew.handleLeaving(event.client);
  },
  reportDeath: ({ crew }, { event }) => {
    assertEvent(event, 'death.reported');
    crew.reportDeath(event.rank, event.task, event.end);
  },
  notifyWorkersOfSentinel: (job, { event }, { sleigh }) => {
    assertEvent(event, ['sentinel.died', 'sentinel.left']);
    job.inSteps(notifyWorkersOf(job.crew, job.crew.sentinel(event.id), sleigh));
  },
  endWaitingOfSentinel: (job, { event }) => {
    assertEvent(event, 'sentinel.left');
    job.inSteps(endWaitingOf(job.crew.sentinel(event.id)));
  },
  replyStop: ({ requests }, { event }) => {
    assertEvent(event, 'alive.asked');
    replyStop(requests.get(event.request));
  },
  closeWork: ({ intake }) => intake.actor.send({ type: 'shutdown.started' }),
  stopSentinel: ({ crew }, { event }) => {
    assertEvent(event, 'sentinel.came');
    crew.sentinel(event.id).actor.send({ type: 'shutdown.started' });
  },
  refuseReplacement: ({ requests }, { event }) => {
    assertEvent(event, ['replacement.asked', 'rank.vacated']);
    refuseRank(requests.get(event.request));
  },
  replyAwaited: ({ requests }, { event }) => {
    assertEvent(event, 'rank.vacated');
    replyRank(requests.get(event.request), event.rank);
  },
  declareReplacement: ({ crew, requests }, { event }) => {
    assertEvent(event, 'rank.vacated');
    crew.declareReplacement(event.rank);
    replyRank(requests.get(event.request), event.rank);
  },
  stopSentinels: (job) => job.inSteps(stopSentinels(job.crew)),
  leaveDisconnected: (job) => job.inSteps(job.registrations.leaveDisconnected()),
  refuseMasters: (job) => job.inSteps(job.work.batches.refuseWaiting(SLEIGH_DEAD)),
  endWaiting: (job) => job.inSteps(job.work.line.end()),
  dropWork: (job) => job.inSteps(job.work.drop()),
  endEveryone: (job) => job.inSteps(job.endEveryone()),
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
  reportBroken: (job, { event }) => {
    if ('actorId' in event) job.fail(event.actorId, event.error);
  },
};

export const boundSleigh = bind(sleighMachine, jobOf, implementations);
