import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { recoveryMachine } from '../machines/policies/recovery.ts';
import { jobOf, type Job } from './job.ts';

/**
 * What the machine of an unfinished task commands. A command is noted, and is carried out when the event is over: a
 * machine that fails, or commands two things, has then changed nothing.
 */
const ofRecovery: Implementations<typeof recoveryMachine, Job> = {
  requeue: ({ policies }, { self }) => policies.note(self.id, { type: 'requeue' }),
  retry: ({ policies }, { self }) => policies.note(self.id, { type: 'retry' }),
  answer: ({ policies }, { self }) => policies.note(self.id, { type: 'answer' }),
  drop: ({ policies }, { self }) => policies.note(self.id, { type: 'drop' }),
  wait: ({ policies }, { self }, { milliseconds }) => policies.note(self.id, { type: 'wait', milliseconds }),
  reportUnexpected: (job, { self, event }) => {
    assertEvent(event, ['task.unfinished', 'wait.elapsed']);
    job.reportUnexpected(self, event);
  },
};

export const boundRecovery = bind(recoveryMachine, jobOf, ofRecovery);

/** Binds the machine of a plugin for the same role. */
export const bindRecovery = (machine: typeof recoveryMachine): typeof recoveryMachine =>
  bind(machine, jobOf, ofRecovery);
