import { createMachine } from 'xstate';
import type { JobPolicy } from '../../../src/sleigh/job-policy.ts';
import { localityByHost } from '../../../src/sleigh/ready-policies.ts';
import { HOST_WAIT_MS } from '../model/tasks.ts';

/** Each task that says so gets a second copy at once, while it has attempts left (S31). */
const copies = createMachine(
  {
    id: 'copies',
    initial: 'deciding',
    states: {
      deciding: {
        on: {
          'task.running': [
            { guard: 'mayBeCopied', target: 'decided', actions: 'copy' },
            { target: 'decided', actions: 'runAlone' },
          ],
        },
      },
      decided: { type: 'final' },
    },
  },
  {
    guards: {
      mayBeCopied: ({ event }) =>
        event['metadata'].twice !== undefined && event['attempts'] < event['maxAttempts'],
    },
  },
);

/** The policies of the server (S31, S32). They read metadata that only the tasks of one job have. */
export const POLICY: JobPolicy = {
  ...localityByHost({ waitMilliseconds: HOST_WAIT_MS }),
  stragglers: copies,
};
