import { describe } from 'vitest';
import { leftValueMachine } from '../../src/machines/pool/left-value.ts';
import { testLife } from '../support/life-table.ts';
import { describeChart } from '../support/chart.ts';
import { leftValueChecks } from './checks/left-value.ts';

describeChart(leftValueChecks);

describe('a value at the server (S35.4)', () => {
  testLife({
    machine: leftValueMachine,
    events: ['taken', 'released', 'left', 'let.go', 'crowded.out', 'master.ends'],
    commands: ['countAsUnused', 'countAsUsed', 'deleteValue'],
    tags: ['present'],
    states: [
      [[], { tags: [], allowed: { left: ['countAsUnused'] } }],
      [['taken'], { tags: [], allowed: {} }],
      [['taken', 'released'], { tags: [], allowed: { left: ['countAsUnused'] } }],
      [
        ['taken', 'left'],
        { tags: ['present'], allowed: { released: ['countAsUnused'], 'master.ends': ['deleteValue'] } },
      ],
      [
        ['taken', 'left', 'let.go'],
        { tags: ['present'], allowed: { released: ['deleteValue'], 'master.ends': ['deleteValue'] } },
      ],
      [
        ['taken', 'left', 'let.go', 'let.go'],
        { tags: ['present'], allowed: { released: ['deleteValue'], 'master.ends': ['deleteValue'] } },
      ],
      [
        ['left'],
        {
          tags: ['present'],
          allowed: {
            taken: ['countAsUsed'],
            'let.go': ['countAsUsed', 'deleteValue'],
            'crowded.out': ['countAsUsed', 'deleteValue'],
            'master.ends': ['countAsUsed', 'deleteValue'],
          },
        },
      ],
      [
        ['left', 'taken'],
        { tags: ['present'], allowed: { released: ['countAsUnused'], 'master.ends': ['deleteValue'] } },
      ],
      [['left', 'let.go'], { tags: [], allowed: {} }],
    ],
  });
});
