// A policy for tasks that avoid a host, described in docs/plugins.md: sleigh serve --plugin examples/policies/avoid.mjs
import { createMachine } from 'xstate';

const placement = createMachine(
  {
    id: 'avoid',
    initial: 'deciding',
    states: {
      deciding: {
        on: {
          'task.queued': [
            {
              guard: 'isAway',
              target: 'waiting',
              actions: {
                type: 'onHost',
                params: ({ event }) => ({ host: elsewhere(event), milliseconds: 1_000 }),
              },
            },
            { target: 'anywhere', actions: 'anywhere' },
          ],
        },
      },
      waiting: {
        on: {
          'wait.elapsed': { target: 'anywhere', actions: 'anywhere' },
          'task.taken': 'taken',
        },
      },
      anywhere: { type: 'final' },
      taken: { type: 'final' },
    },
  },
  { guards: { isAway: ({ event }) => 'avoids' in event.metadata && elsewhere(event) !== undefined } },
);

/** A host with workers that is not the one which the task avoids. */
const elsewhere = ({ hosts, metadata }) => hosts.find((host) => host !== metadata.avoids);

export default { name: 'avoid', policy: { placement } };
