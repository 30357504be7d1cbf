// A policy for the tasks of dead workers, described in docs/plugins.md: sleigh serve --plugin examples/policies/poison.mjs
import { createMachine } from 'xstate';

const recovery = createMachine(
  {
    id: 'poison',
    initial: 'deciding',
    states: {
      deciding: {
        on: {
          'task.unfinished': [
            { guard: 'isPoison', target: 'answered', actions: 'answer' },
            { target: 'requeued', actions: 'requeue' },
          ],
        },
      },
      answered: { type: 'final' },
      requeued: { type: 'final' },
    },
  },
  { guards: { isPoison: ({ event }) => event.attempts >= 2 || event.isCopy } },
);

export default { name: 'poison', policy: { recovery } };
