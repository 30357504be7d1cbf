import { setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { Coverage } from '../../src/verify/coverage.ts';
import { Exploration } from '../../src/verify/exploration.ts';
import { NEEDS } from '../../src/verify/test-target.ts';
import { causes, impossible, type ChartModel, type Closable } from '../../src/verify/model.ts';
import { exploreAll } from '../../src/verify/models.ts';
import { simplePaths } from '../../src/verify/simple-paths.ts';
import { isLong } from '../../test/support/form.ts';

const lamp = setup({
  guards: { isPaid: ({ event }) => 'paid' in event && event['paid'] === true },
}).createMachine({
  id: 'lamp',
  initial: 'dark',
  states: {
    dark: { on: { pressed: [{ guard: 'isPaid', target: 'lit' }, {}], broke: 'broken' } },
    lit: { on: { pressed: 'dark', broke: 'broken' } },
    broken: { type: 'final' },
  },
});

type LampModel = ChartModel<unknown, null, Closable>;

const nothing = async (): Promise<void> => undefined;

const press = (paid: boolean): LampModel['stimuli'][string] => ({
  aims: ['pressed'],
  comesTo: ({ state }) =>
    state === 'broken' ? impossible('it is broken') : causes([{ type: 'pressed', paid }], null, nothing),
});

const MODEL: LampModel = {
  variant: '',
  machine: lamp,
  input: undefined,
  facts: null,
  stimuli: {
    'pressed, with a coin': press(true),
    'pressed, without': press(false),
    broke: {
      aims: ['broke'],
      comesTo: ({ state }) =>
        state === 'broken' ? impossible('once') : causes([{ type: 'broke' }], null, nothing),
    },
  },
  checks: { dark: nothing, lit: nothing, broken: nothing },
  bound: 'one lamp',
  simpleSteps: 3,
  open: async () => ({ close: () => undefined }),
};

const explore = (model: LampModel): Exploration<unknown, null, Closable> => new Exploration(model, new Set());

describe('the model of a machine', () => {
  test('is refused if it has no check for some state', () => {
    const { broken, ...checks } = MODEL.checks;
    expect(broken).toBeDefined();
    expect(() => explore({ ...MODEL, checks })).toThrow('the model of lamp lacks a check of broken');
  });

  test('is refused if it has no executor for some event', () => {
    const { broke, ...stimuli } = MODEL.stimuli;
    expect(broke).toBeDefined();
    expect(() => explore({ ...MODEL, stimuli })).toThrow('the model of lamp lacks an executor of broke');
  });

  test('is refused if it sends an event that the machine does not expect', () => {
    const stimuli = {
      ...MODEL.stimuli,
      broke: { aims: ['broke'], comesTo: () => causes([{ type: 'broke' }], null, nothing) },
    };
    expect(() => explore({ ...MODEL, stimuli }).plan()).toThrow(
      '"broke" sends broke in broken, where the chart has ended',
    );
  });

  test('lists the impossible events by state', () => {
    expect([...explore(MODEL).plan().impossible]).toEqual([
      ['broken: pressed', 'it is broken'],
      ['broken: broke', 'once'],
    ]);
  });

  test('yields a path to every state, and a path over every transition', () => {
    const { shortest, edges, routes } = explore(MODEL).plan();
    expect({ shortest, edges }).toEqual({ shortest: 3, edges: 6 });
    // In the dark only a coin has an effect, so that is an attempt at the end of a path and not a step.
    expect(
      routes.map(({ steps, tries }) => [...steps, ...tries.map((name) => `(${name})`)].join(', ')),
    ).toEqual([
      '(pressed, without)',
      'broke',
      'pressed, with a coin, pressed, with a coin',
      'pressed, with a coin, pressed, without',
      'pressed, with a coin, broke',
    ]);
  });

  test('is not covered by paths that leave out a branch of a guarded transition', async () => {
    const exploration = explore(MODEL);
    const coverage = new Coverage(new Map([[exploration, exploration.plan()]]));
    const target = { server: { host: '', port: 0 }, handshakeSeconds: 1, requestSeconds: 1 };
    const testPath = { steps: ['pressed, with a coin', 'broke'], tries: [], timed: false, scale: 1, target };
    await exploration.run(testPath, (seen) => coverage.see(exploration, seen));
    const [report] = coverage.reports();
    expect(report?.states.missing).toEqual([]);
    expect(report?.transitions.missing).toEqual(['dark: pressed [otherwise]', 'dark: broke', 'lit: pressed']);
  });
});

test('yields simple paths that visit no state twice and are no longer than the given maximum', () => {
  const places = new Map([
    [
      'a',
      new Map([
        ['b', 'b'],
        ['c', 'c'],
      ]),
    ],
    [
      'b',
      new Map([
        ['a', 'a'],
        ['c', 'c'],
      ]),
    ],
    [
      'c',
      new Map([
        ['a', 'a'],
        ['d', 'd'],
      ]),
    ],
  ]);
  const paths = (most: number): string[] =>
    simplePaths('a', (place) => places.get(place) ?? new Map(), most).map((path) => path.join(''));
  expect(paths(9)).toEqual(['bcd', 'cd']);
  expect(paths(2)).toEqual(['bc', 'cd']);
});

test('has an executor or a reason for every event in every state, for every machine', () => {
  for (const exploration of exploreAll(new Set(NEEDS), isLong ? 'long' : 'short')) {
    const { impossible: named, shortest } = exploration.plan();
    expect(shortest).toBeGreaterThan(1);
    for (const reason of named.values()) expect(reason).not.toBe('');
  }
});
