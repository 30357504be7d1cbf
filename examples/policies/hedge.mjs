// A policy for tasks that run long, described in docs/plugins.md: sleigh serve --plugin examples/policies/hedge.mjs
import { createMachine } from 'xstate';

const stragglers = createMachine(
  {
    id: 'hedge',
    initial: 'beginning',
    states: {
      beginning: {
        on: {
          'task.running': [
            {
              guard: 'isHedged',
              target: 'watching',
              actions: {
                type: 'watch',
                params: ({ event }) => ({ milliseconds: Number(event.metadata.hedge) }),
              },
            },
            { target: 'alone', actions: 'runAlone' },
          ],
        },
      },
      watching: {
        on: {
          'watch.elapsed': { target: 'copied', actions: 'copy' },
          'task.ended': 'ended',
        },
      },
      copied: { type: 'final' },
      alone: { type: 'final' },
      ended: { type: 'final' },
    },
  },
  {
    guards: {
      isHedged: ({ event }) => Number(event.metadata.hedge) >= 0 && event.attempts < event.maxAttempts,
    },
  },
);

export default { name: 'hedge', policy: { stragglers } };
