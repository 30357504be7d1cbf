import type { AnyStateMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import { joinPhaseMachine } from '../../src/machines/join-phase.ts';
import { workerMachine } from '../../src/machines/worker.ts';
import { foreseen, lighting, storyKeys, withAncestors } from '../../src/page/lib/lighting.ts';
import { chartsView } from '../../src/views/charts.ts';
import type { ChartView, StoryEntry } from '../../src/views/types.ts';

const charts = chartsView({ drawing: (chart) => `/charts/${chart}.svg` }).charts;

function chartOf(machine: AnyStateMachine): ChartView {
  const found = charts.find(({ chart }) => chart === machine.id);
  if (found === undefined) throw new Error(`no chart ${machine.id}`);
  return found;
}

const worker = chartOf(workerMachine);
const joinPhase = chartOf(joinPhaseMachine);

/** Such as `task.asked [mayWait] depends`. */
const words = (chart: ChartView, state: string): string[] =>
  foreseen(chart, state).map(({ move, verdict }) => {
    const { event, guard } = chart.moves[move] ?? {};
    return `${event}${guard === undefined ? '' : ` [${guard}]`} ${verdict}`;
  });

const entry = (fields: Partial<StoryEntry>): StoryEntry => ({
  time: 1,
  event: 'task.asked',
  detail: '',
  before: 'registered.idle',
  after: 'registered.busy',
  move: 5,
  clause: 'S7',
  description: '',
  ...fields,
});

describe('highlighting in a diagram', () => {
  test('includes the active state, all its ancestors and the root', () => {
    expect([...withAncestors('gathering.joining.byStatus')]).toEqual([
      '',
      'gathering',
      'gathering.joining',
      'gathering.joining.byStatus',
    ]);
    expect([...withAncestors('a.b+c')]).toEqual(['', 'a', 'a.b', 'c']);
  });

  test('shows live the state, the last transition, and whether the server allows each next one', () => {
    const last = entry({});
    const actor = { state: 'registered.busy', last, next: [{ move: 7, verdict: 'forbidden' as const }] };
    const light = lighting(worker, actor, undefined);
    expect([...light.active]).toEqual(['', 'registered', 'registered.busy']);
    expect(light.taken).toBe(5);
    expect([...light.next]).toEqual([[7, 'forbidden']]);
  });

  test('shows at an entry of the story the state after it, its transition, and the transitions of the diagram from there', () => {
    const past = entry({ after: 'registered.waiting', move: 6 });
    const light = lighting(worker, { state: 'dead', last: undefined, next: [] }, past);
    expect(light.active.has('registered.waiting')).toBe(true);
    expect(light.active.has('dead')).toBe(false);
    expect(light.taken).toBe(6);
    expect([...light.next.keys()]).toEqual(foreseen(worker, 'registered.waiting').map(({ move }) => move));
  });
});

describe('the next transitions of a diagram', () => {
  test('are those of the state and its ancestors, even if guards may prevent them', () => {
    expect(words(worker, 'registered.idle').sort()).toEqual(
      [
        'sentinel.gone [sleighShutsDown] depends',
        'waiting.ended open',
        'connection.closed [mayLeave] depends',
        'connection.closed [mayReturn or isSupervised] depends',
        'connection.closed [otherwise] depends',
        'death.reported [otherwise] depends',
        'death.reported [taskIs(failed)] depends',
        'death.reported [taskIs(declined)] depends',
        'death.reported [taskIs(tried)] depends',
        'left open',
        'rank.replaced open',
        'registration.asked [otherwise] depends',
        'registration.asked [returnsToTask] depends',
        'registration.asked [returns] depends',
        'result.stored open',
        'sentinel.gone [mayLeave] depends',
        'sentinel.gone [otherwise] depends',
        'task.asked [mayWait] depends',
        'task.asked [otherwise] depends',
        'task.asked [taskIsAvailable] depends',
      ].sort(),
    );
  });

  test('exclude those of an outer state that an inner state overrides', () => {
    const stored = foreseen(worker, 'registered.busy').filter(
      ({ move }) => worker.moves[move]?.event === 'result.stored',
    );
    expect(stored.map(({ move }) => worker.moves[move]?.source)).toEqual(['registered.busy']);
  });

  test('are none in a final state', () => {
    expect(foreseen(worker, 'dead')).toEqual([]);
    expect(foreseen(joinPhase, 'closed')).not.toEqual([]);
  });
});

describe('the keys of the entries of a story', () => {
  test('stay the same when old entries are dropped and new ones arrive', () => {
    const [a, b, c] = [entry({ time: 1 }), entry({ time: 2 }), entry({ time: 3 })];
    expect(storyKeys([b, c])).toEqual(storyKeys([a, b, c]).slice(1));
  });

  test('distinguish entries of the same millisecond', () => {
    expect(new Set(storyKeys([entry({}), entry({}), entry({})])).size).toBe(3);
  });
});
