import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { joinPhaseMachine } from '../machines/join-phase.ts';
import { tellNumber } from './joining.ts';
import { NO_VALUE_YET, registrationFailed } from './refusals.ts';
import type { Sleigh } from './sleigh.ts';

/** What the machine of the join phase commands. */
function implementations(sleigh: Sleigh): Implementations<typeof joinPhaseMachine> {
  const { timers, crew, registrations, joining } = sleigh;
  return {
    giveRank: ({ context, event }) => {
      assertEvent(event, 'rank.asked');
      crew.giveRank(event.ask, context.ranksGiven);
    },
    refuseRank: ({ event }) => {
      assertEvent(event, 'rank.asked');
      crew.refuseRank(event.ask);
    },
    registerWorker: ({ event }) => {
      assertEvent(event, 'registration.asked');
      registrations.ask(event.storing);
    },
    refuseGroupClosed: ({ event }) => {
      assertEvent(event, 'registration.asked');
      event.storing.refuse(registrationFailed('group closed'));
    },
    tellMaximum: ({ context, event }) => {
      assertEvent(event, 'maximum.read');
      tellNumber(event.ask, context.maximum);
    },
    holdForStatus: ({ event }) => {
      assertEvent(event, 'status.asked');
      joining.holdForStatus(event.ask);
    },
    holdForNumber: ({ context, event }) => {
      assertEvent(event, ['status.asked', 'wait.asked']);
      joining.holdForNumber(event.ask, event.delay ?? context.duration);
    },
    tellNotYet: ({ event }) => {
      assertEvent(event, ['status.asked', 'wait.asked']);
      event.ask.refuse(NO_VALUE_YET);
    },
    tellNumber: ({ context, event }) => {
      assertEvent(event, ['status.asked', 'wait.asked']);
      tellNumber(event.ask, context.registeredAtClosing);
    },
    tellRegistered: ({ context, event }) => {
      assertEvent(event, ['maximum.read', 'status.asked', 'wait.asked']);
      tellNumber(event.ask, context.registered);
    },
    tellEveryoneTheNumber: ({ context }) => joining.tellEveryone(context.registered),
    startJoinTimer: ({ context, self }) =>
      timers.start('joining', context.delay, () => self.send({ type: 'joining.elapsed' })),
    stopJoinTimer: () => timers.stop('joining'),
    reportUnexpected: ({ self, event }) => sleigh.reportUnexpected(self, event),
  };
}

export const boundJoinPhase = (sleigh: Sleigh) => bind(joinPhaseMachine, implementations(sleigh));
