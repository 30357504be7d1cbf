import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { joinPhaseMachine } from '../machines/join-phase.ts';
import { tellNumber } from './joining.ts';
import { refuseRank } from './rank-replies.ts';
import { NO_VALUE_YET, registrationFailed } from './refusals.ts';
import { jobOf, type Job } from './job.ts';

/** The implementations of the machine's actions. */
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
    registrations.ask(requests.store(event.request));
  },
  refuseGroupClosed: ({ requests }, { event }) => {
    assertEvent(event, 'registration.asked');
    requests.store(event.request).refuse(registrationFailed('group closed'));
  },
  tellMaximum: ({ requests }, { context, event }) => {
    assertEvent(event, 'maximum.read');
    tellNumber(requests.get(event.request), context.maximum);
  },
  holdForStatus: ({ requests, joining }, { event }) => {
    assertEvent(event, 'status.asked');
    joining.holdForStatus(requests.get(event.request));
  },
  holdForNumber: ({ requests, joining }, { context, event }) => {
    assertEvent(event, ['status.asked', 'wait.asked']);
    joining.holdForNumber(requests.get(event.request), event.delay ?? context.duration);
  },
  tellNotYet: ({ requests }, { event }) => {
    assertEvent(event, ['status.asked', 'wait.asked']);
    requests.get(event.request).refuse(NO_VALUE_YET);
  },
  tellNumber: ({ requests }, { context, event }) => {
    assertEvent(event, ['status.asked', 'wait.asked']);
    tellNumber(requests.get(event.request), context.registeredAtClosing);
  },
  tellRegistered: ({ requests }, { context, event }) => {
    assertEvent(event, ['maximum.read', 'status.asked', 'wait.asked']);
    tellNumber(requests.get(event.request), context.registered);
  },
  tellEveryoneTheNumber: ({ joining }, { context }) => joining.tellEveryone(context.registered),
  startJoinTimer: ({ timers }, { context, self }) =>
    timers.start('joining', context.delay, () => self.send({ type: 'joining.elapsed' })),
  stopJoinTimer: ({ timers }) => timers.stop('joining'),
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
};

export const boundJoinPhase = bind(joinPhaseMachine, jobOf, implementations);
