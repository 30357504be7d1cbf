import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { joinPhaseMachine } from '../machines/join-phase.ts';
import { replyWorkerCount } from './joining.ts';
import { refuseRank } from './rank-replies.ts';
import { NO_VALUE_YET } from './refusals.ts';
import { jobOf, type Job } from './job.ts';

/** What the machine of the join phase commands. */
const implementations: Implementations<typeof joinPhaseMachine, Job> = {
  giveRank: ({ crew, requests }, { context, event }) => {
    assertEvent(event, 'rank.asked');
    crew.giveRank(requests.get(event.request), context.ranksGiven);
  },
  refuseRank: ({ requests }, { event }) => {
    assertEvent(event, 'rank.asked');
    refuseRank(requests.get(event.request));
  },
  registerWorker: ({ registrations, requests }, { event }) => {
    assertEvent(event, 'registration.asked');
    registrations.register(requests.store(event.request), event.request);
  },
  refuseRegistration: ({ registrations, requests }, { event }, { because }) => {
    assertEvent(event, 'registration.asked');
    registrations.refuse(requests.store(event.request), because);
  },
  storeBroadcast: ({ work, requests }, { event }) => {
    assertEvent(event, 'broadcast.stored');
    work.storeBroadcast(requests.store(event.request));
  },
  storeBroadcastForAbsent: ({ recovery, requests }, { event }) => {
    assertEvent(event, 'broadcast.stored');
    recovery.storeBroadcastForAbsent(requests.store(event.request));
  },
  replyMaximum: ({ requests }, { context, event }) => {
    assertEvent(event, 'maximum.read');
    replyWorkerCount(requests.get(event.request), context.maximum);
  },
  holdForStatus: ({ requests, joining }, { event }) => {
    assertEvent(event, 'status.asked');
    joining.holdForStatus(requests.get(event.request));
  },
  holdForWorkerCount: ({ requests, joining }, { context, event }) => {
    assertEvent(event, ['status.asked', 'wait.asked']);
    joining.holdForWorkerCount(requests.get(event.request), event.delay ?? context.duration);
  },
  replyNotYet: ({ requests }, { event }) => {
    assertEvent(event, ['status.asked', 'wait.asked']);
    requests.get(event.request).refuse(NO_VALUE_YET);
  },
  replyWorkerCount: ({ requests }, { context, event }) => {
    assertEvent(event, ['status.asked', 'wait.asked']);
    replyWorkerCount(requests.get(event.request), context.registeredAtClosing);
  },
  replyRegistered: ({ requests }, { context, event }) => {
    assertEvent(event, ['maximum.read', 'status.asked', 'wait.asked']);
    replyWorkerCount(requests.get(event.request), context.registered);
  },
  replyWorkerCountToAll: ({ joining }, { context }) => joining.replyToAll(context.registered),
  startJoinTimer: ({ deadlines }, { context }) => deadlines.start('joining', context.delay),
  stopJoinTimer: ({ deadlines }) => deadlines.stop('joining'),
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
};

export const boundJoinPhase = bind(joinPhaseMachine, jobOf, implementations);
