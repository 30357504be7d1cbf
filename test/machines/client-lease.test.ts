import { describe } from 'vitest';
import { clientLeaseMachine } from '../../src/machines/pool/client-lease.ts';
import { testLife } from '../support/life-table.ts';
import { describeChart } from '../support/chart.ts';
import { clientLeaseChecks } from './checks/client-lease.ts';

describeChart(clientLeaseChecks);

const LOST = ['stopTimer', 'notifyLost', 'giveConnectionBack'] as const;

describe('a lease of a client (V13)', () => {
  testLife({
    machine: clientLeaseMachine,
    events: ['end.asked', 'end.answered', 'extended', 'refused', 'time.elapsed', 'connection.lost'],
    commands: ['startTimer', 'stopTimer', 'notifyLost', 'giveConnectionBack'],
    tags: ['held'],
    states: [
      [
        [],
        {
          tags: ['held'],
          allowed: {
            'end.asked': ['stopTimer'],
            extended: ['startTimer'],
            refused: LOST,
            'time.elapsed': LOST,
            'connection.lost': LOST,
          },
        },
      ],
      [
        ['extended'],
        {
          tags: ['held'],
          allowed: {
            'end.asked': ['stopTimer'],
            extended: ['startTimer'],
            refused: LOST,
            'time.elapsed': LOST,
            'connection.lost': LOST,
          },
        },
      ],
      [['end.asked'], { tags: [], allowed: { 'end.answered': ['giveConnectionBack'] } }],
      [
        ['end.asked', 'connection.lost', 'refused'],
        { tags: [], allowed: { 'end.answered': ['giveConnectionBack'] } },
      ],
      [['end.asked', 'end.answered'], { tags: [], allowed: {} }],
      [['time.elapsed'], { tags: [], allowed: {} }],
      [['connection.lost'], { tags: [], allowed: {} }],
      [['refused'], { tags: [], allowed: {} }],
    ],
  });
});
