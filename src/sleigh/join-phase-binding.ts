import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { joinPhaseMachine } from '../machines/join-phase.ts';
import { tellNumber } from './joining.ts';
import { refuseRank } from './rank-replies.ts';
import { NO_VALUE_YET, registrationFailed } from './refusals.ts';
import type { Sleigh } from './sleigh.ts';

/** What the machine of the join phase commands. */
function implementations(sleigh: Sleigh): Implementations<typeof joinPhaseMachine> {
  const { timers, crew, registrations, requests, joining } = sleigh;
  return {
    giveRank: ({ context, event }) => {
      assertEvent(event, 'rank.asked');
      crew.giveRank(requests.get(event.request), context.ranksGiven);
    },
    refuseRank: ({ event }) => {
      assertEvent(event, 'rank.asked');
      refuseRank(requests.get(event.request));
    },
    registerWorker: ({ event }) => {
      assertEvent(event, 'registration.asked');
      registrations.ask(requests.store(event.request));
    },
    refuseGroupClosed: ({ event }) => {
      assertEvent(event, 'registration.asked');
      requests.store(event.request).refuse(registrationFailed('group closed'));
    },
    tellMaximum: ({ context, event }) => {
      assertEvent(event, 'maximum.read');
      tellNumber(requests.get(event.request), context.maximum);
    },
    holdForStatus: ({ event }) => {
      assertEvent(event, 'status.asked');
      joining.holdForStatus(requests.get(event.request));
    },
    holdForNumber: ({ context, event }) => {
      assertEvent(event, ['status.asked', 'wait.asked']);
      joining.holdForNumber(requests.get(event.request), event.delay ?? context.duration);
    },
    tellNotYet: ({ event }) => {
      assertEvent(event, ['status.asked', 'wait.asked']);
      requests.get(event.request).refuse(NO_VALUE_YET);
    },
    tellNumber: ({ context, event }) => {
      assertEvent(event, ['status.asked', 'wait.asked']);
      tellNumber(requests.get(event.request), context.registeredAtClosing);
    },
    tellRegistered: ({ context, event }) => {
      assertEvent(event, ['maximum.read', 'status.asked', 'wait.asked']);
      tellNumber(requests.get(event.request), context.registered);
    },
    tellEveryoneTheNumber: ({ context }) => joining.tellEveryone(context.registered),
    startJoinTimer: ({ context, self }) =>
      timers.start('joining', context.delay, () => self.send({ type: 'joining.elapsed' })),
    stopJoinTimer: () => timers.stop('joining'),
    reportUnexpected: ({ self, event }) => sleigh.reportUnexpected(self, event),
  };
}

export const boundJoinPhase = (sleigh: Sleigh) => bind(joinPhaseMachine, implementations(sleigh));
