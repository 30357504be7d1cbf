import { clauseOf } from '../../src/actors/clause.ts';
import { describe, expect, it } from 'vitest';
import { movesOf, statesOf } from '../../src/charts/moves.ts';
import { CHARTS } from '../../src/charts/pages.ts';
import { workerMachine } from '../../src/machines/worker.ts';
import { moveNumber, moveOf, nextMoves } from '../../src/views/moves.ts';

function chartOf(id: string) {
  const machine = CHARTS.find((chart) => chart.machine.id === id)?.machine;
  if (machine === undefined) throw new Error(`there is no chart ${id}`);
  return machine;
}

/** The next transitions, as `event [guard]: verdict`. */
function next(chart: string, state: string, context: unknown): string[] {
  const machine = chartOf(chart);
  const leaf = statesOf(machine.root).find(({ path }) => path.join('.') === state);
  if (leaf === undefined) throw new Error(`there is no state ${state}`);
  const moves = movesOf(machine);
  return nextMoves(machine, leaf, context).map(({ move, verdict }) => {
    const { source, event, guard } = moves[move] ?? {};
    return `${source?.path.join('.')} ${event}${guard === undefined ? '' : ` [${guard}]`}: ${verdict}`;
  });
}

const JOINING = { maximum: -1, limit: 5, frozen: false, ranksGiven: 2, registered: 1 };

describe('the next transitions', () => {
  it('depend on the event if a guard reads its fields, and so do the transitions after it', () => {
    expect(next('worker', 'registered.idle', { rank: 1, isElastic: true })).toEqual([
      'registered.idle task.asked [taskIsAvailable]: depends',
      'registered.idle task.asked [mayWait]: depends',
      'registered.idle task.asked [otherwise]: depends',
      'registered registration.asked [returnsToTask]: depends',
      'registered registration.asked [returns]: depends',
      'registered registration.asked [otherwise]: depends',
      'registered result.stored: open',
      'registered sentinel.gone [sleighShutsDown]: depends',
      'registered sentinel.gone [mayLeave]: depends',
      'registered sentinel.gone [otherwise]: depends',
      'registered connection.closed [mayReturn or isSupervised]: forbidden',
      'registered connection.closed [mayLeave]: depends',
      'registered connection.closed [otherwise]: depends',
      'registered death.reported [taskIs(tried)]: depends',
      'registered death.reported [taskIs(failed)]: depends',
      'registered death.reported [taskIs(declined)]: depends',
      'registered death.reported [otherwise]: depends',
      'registered rank.replaced: open',
      'registered left: open',
      ' waiting.ended: open',
    ]);
  });

  it('exclude leaving a closing group too early, which takes the next alternative instead (S13, S17)', () => {
    expect(next('worker', 'registered.idle', { rank: 1, isElastic: false })).toEqual(
      expect.arrayContaining([
        'registered connection.closed [mayLeave]: forbidden',
        'registered connection.closed [otherwise]: open',
      ]),
    );
  });

  it('exclude those of an outer state that the inner state overrides', () => {
    const moves = next('worker', 'registered.busy', { rank: 1 });
    expect(moves).toContain('registered.busy result.stored: open');
    expect(moves).toContain('registered result.stored: forbidden');
  });

  it('are decided by the context, including nested guards', () => {
    expect(next('joinPhase', 'gathering.open', JOINING)).toEqual(
      expect.arrayContaining([
        'gathering.open status.asked [mayWait and allWillBeThere]: forbidden',
        'gathering.open status.asked [not mayWait]: depends',
        'gathering.open status.asked [otherwise]: depends',
        'gathering rank.asked [sentinelHasEnded or maximumIsReached or limitIsReached]: depends',
        'gathering rank.asked [otherwise]: depends',
        'gathering worker.registered [allWillBeThere]: open',
        'gathering worker.registered [otherwise]: forbidden',
      ]),
    );
    expect(next('joinPhase', 'gathering.open', { ...JOINING, ranksGiven: 5 })).toEqual(
      expect.arrayContaining([
        'gathering rank.asked [sentinelHasEnded or maximumIsReached or limitIsReached]: open',
        'gathering rank.asked [otherwise]: forbidden',
        'gathering worker.registered [allWillBeThere]: forbidden',
      ]),
    );
  });

  it('depend on the context if a guard reads a context that is unknown', () => {
    expect(next('joinPhase', 'gathering.open', undefined)).toEqual(
      expect.arrayContaining([
        'gathering rank.asked [sentinelHasEnded or maximumIsReached or limitIsReached]: depends',
        'gathering rank.asked [otherwise]: depends',
        ' registration.asked [rankIs(unknown)]: depends',
      ]),
    );
  });
});

describe('the number of a transition', () => {
  it.each(CHARTS.map(({ machine }) => [machine.id, machine] as const))(
    'in %s is its position in the list, for a running actor and for a trace',
    (id, machine) => {
      const moves = movesOf(machine);
      const found = new Set<number>();
      for (const node of statesOf(machine.root))
        for (const [event, transitions] of node.transitions)
          for (const [index, transition] of transitions.entries()) {
            const source = node.path.join('.');
            const number = moveNumber(id, { source, event, index });
            const move = moves[number ?? -1];
            expect(move).toMatchObject({
              event,
              description: transition.description ?? '',
              clause: clauseOf(transition),
            });
            expect(move?.source.path.join('.')).toBe(source);
            expect(move?.target?.path.join('.')).toBe(transition.target?.[0]?.path.join('.'));
            if (number !== undefined) found.add(number);
          }
      expect(found.size).toBe(moves.filter(({ event }) => event !== 'entry' && event !== 'exit').length);
    },
  );

  it('is undefined for an unexpected event', () => {
    expect(moveNumber('worker', undefined)).toBeUndefined();
    const none = { event: 'task.offered', before: 'reserved', after: 'reserved', clause: '' };
    expect(moveOf(workerMachine, none)).toBeUndefined();
    expect(moveOf(undefined, none)).toBeUndefined();
  });
});
