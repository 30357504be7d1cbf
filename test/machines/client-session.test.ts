import { describe } from 'vitest';
import { clientSessionMachine } from '../../src/machines/pool/client-session.ts';
import { testLife } from '../support/life-table.ts';
import { describeChart } from '../support/chart.ts';
import { clientSessionChecks } from './checks/client-session.ts';

describeChart(clientSessionChecks);

const ENDS = { 'gave.up': ['end'], closed: ['end'] } as const;
const CONNECTED = {
  tags: ['connected'],
  allowed: { ...ENDS, 'connection.lost': ['connectAgain'], 'get.withdrawn': ['withdraw'] },
} as const;
const WITHDRAWING = { tags: ['connected'], allowed: { ...ENDS, 'connection.lost': ['end'] } } as const;

describe('a session of a client (P15)', () => {
  testLife({
    machine: clientSessionMachine,
    events: ['connection.lost', 'resumed', 'gave.up', 'get.withdrawn', 'get.answered', 'closed'],
    commands: ['connectAgain', 'repeat', 'withdraw', 'end'],
    tags: ['connected', 'over'],
    states: [
      [[], CONNECTED],
      [['get.withdrawn'], WITHDRAWING],
      [['connection.lost'], { tags: [], allowed: { ...ENDS, resumed: ['repeat'] } }],
      [
        ['connection.lost', 'get.withdrawn'],
        { tags: [], allowed: { ...ENDS, resumed: ['repeat', 'withdraw'] } },
      ],
      [['closed'], { tags: ['over'], allowed: {} }],
      // As at the start when it has come back, and when the answer to a withdrawn get has come first.
      [['connection.lost', 'resumed'], CONNECTED],
      [['get.withdrawn', 'get.answered'], CONNECTED],
      [['connection.lost', 'get.withdrawn', 'resumed'], WITHDRAWING],
    ],
  });
});
