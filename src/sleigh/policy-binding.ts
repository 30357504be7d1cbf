import { assertEvent } from 'xstate';
import { bind, type Implementations } from '../machines/bind.ts';
import { recoveryMachine } from '../machines/policies/recovery.ts';
import type { PlacementMachine } from '../machines/policies/locality.ts';
import type { StragglersMachine } from '../machines/policies/speculation.ts';
import { jobOf, type Job } from './job.ts';

/**
 * What the machine of an unfinished task commands. A command is noted, and is carried out when the event is over: a
 * machine that fails, or commands two things, has then changed nothing.
 */
const ofRecovery: Implementations<typeof recoveryMachine, Job> = {
  requeue: ({ policies }, { self }) => policies.recovery.note(self.id, { type: 'requeue' }),
  retry: ({ policies }, { self }) => policies.recovery.note(self.id, { type: 'retry' }),
  answer: ({ policies }, { self }) => policies.recovery.note(self.id, { type: 'answer' }),
  drop: ({ policies }, { self }) => policies.recovery.note(self.id, { type: 'drop' }),
  wait: ({ policies }, { self }, { milliseconds }) =>
    policies.recovery.note(self.id, { type: 'wait', milliseconds }),
  reportUnexpected: (job, { self, event }) => {
    assertEvent(event, ['task.unfinished', 'wait.elapsed']);
    job.reportUnexpected(self, event);
  },
};

export const boundRecovery = bind(recoveryMachine, jobOf, ofRecovery);

/** Binds the machine of a plugin for the same role. */
export const bindRecovery = (machine: typeof recoveryMachine): typeof recoveryMachine =>
  bind(machine, jobOf, ofRecovery);

/** What the machine of a running task commands, noted in the same way. */
const ofStragglers: Implementations<StragglersMachine, Job> = {
  copy: ({ policies }, { self }) => policies.stragglers.note(self.id, { type: 'copy' }),
  runAlone: ({ policies }, { self }) => policies.stragglers.note(self.id, { type: 'runAlone' }),
  watch: ({ policies }, { self }, { milliseconds }) =>
    policies.stragglers.note(self.id, { type: 'watch', milliseconds }),
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
};

/** Binds the machine of a plugin. The server has none of its own for that role. */
export const bindStragglers = (machine: StragglersMachine): StragglersMachine =>
  bind(machine, jobOf, ofStragglers);

/** What the machine of a queued task commands, noted in the same way. */
const ofPlacement: Implementations<PlacementMachine, Job> = {
  anywhere: ({ policies }, { self }) => policies.placement.note(self.id, { type: 'anywhere' }),
  onHost: ({ policies }, { self }, { host, milliseconds }) =>
    policies.placement.note(self.id, { type: 'onHost', host, milliseconds }),
  reportUnexpected: (job, { self, event }) => job.reportUnexpected(self, event),
};

/** Binds the machine of a plugin. The server has none of its own for that role either. */
export const bindPlacement = (machine: PlacementMachine): PlacementMachine =>
  bind(machine, jobOf, ofPlacement);
