import { readdirSync, readFileSync } from 'node:fs';
import { and, assign, createMachine, not, or, raise, sendParent, sendTo } from 'xstate';
import { describe, expect, it } from 'vitest';
import { mermaid } from '../../src/charts/mermaid.ts';
import { clausesIn, movesOf, pathOf, WILDCARD, type Move } from '../../src/charts/moves.ts';
import { fileOf } from '../../src/charts/files.ts';
import { CHARTS, chartPages, sourceFileOf } from '../../src/charts/pages.ts';
import { builtCharts, drawnCharts } from '../support/drawn-charts.ts';
import { isShort } from '../support/form.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the files in docs/charts', async () => {
  // Drawing takes 9 s of processor time, and the build has drawn them.
  const drawn = isShort ? builtCharts() : await drawnCharts();
  const shown = CHARTS.flatMap(({ name }) => [fileOf(name, 'svg'), fileOf(name, 'json')]);
  const pages = new Map([
    ...chartPages(read),
    ...shown.map((file): [string, string] => [file, drawn.get(file) ?? '']),
  ]);

  it.each([...pages])('%s is up to date with the machines (otherwise run npm run charts)', (name, text) => {
    expect(read(`docs/charts/${name}`)).toBe(text);
  });

  it.skipIf(isShort)(
    'are generated identically a second time',
    async () => {
      expect(await drawnCharts()).toEqual(drawn);
    },
    60_000,
  );

  it('contain no other files', () => {
    const files = readdirSync(new URL('../../docs/charts', import.meta.url));
    expect(files.sort()).toEqual([...pages.keys()].sort());
  });

  it('show every machine of src/machines', () => {
    const folder = new URL('../../src/machines', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const paths = files.filter((file) => file.endsWith('.ts')).map((file) => `src/machines/${file}`);
    const machines = paths.filter((path) => read(path).includes('.createMachine('));
    expect(CHARTS.map(sourceFileOf).sort()).toEqual(machines.sort());
  });
});

const nameOf = ({ source, event, guard, description, clause }: Move): string =>
  `${pathOf(source)}: ${event} [${guard}]: "${description}" (${clause})`;

describe.each(CHARTS)('the machine $name', ({ machine }) => {
  const transitions = movesOf(machine).filter(
    ({ event }) => event !== 'entry' && event !== 'exit' && event !== WILDCARD,
  );

  it('describes each transition in a whole sentence', () => {
    const sentence = /^[A-Z](?!\d)[^:;]*(?: [^ :;]+){3,}\.$/;
    expect(transitions.filter(({ description }) => !sentence.test(description)).map(nameOf)).toEqual([]);
  });

  it('gives the clause of each transition', () => {
    const clauses = /^[PWVSD]\d+(\.\d+)?(, [PWVSD]\d+(\.\d+)?)*$/;
    const without = transitions.filter(({ clause }) => !clauses.test(clause));
    // What XState sends a parent when a child has ended is not part of the protocol.
    expect(without.filter(({ event }) => event !== 'xstate.done.actor.*').map(nameOf)).toEqual([]);
  });

  it('cites only clauses that docs/protocol.md contains', () => {
    const known = new Set(
      clausesIn(
        read('docs/protocol.md')
          .match(/^ *- \*\*[PWVSD]\d[\d.]*/gm)
          ?.join() ?? '',
      ),
    );
    const cited = movesOf(machine).flatMap(({ clause }) => clausesIn(clause));
    expect(cited.filter((clause) => !known.has(clause))).toEqual([]);
  });

  it('reports an unexpected event', () => {
    const [wildcard] = machine.root.transitions.get(WILDCARD) ?? [];
    expect(wildcard?.actions).toEqual(['reportUnexpected']);
  });
});

describe('a diagram', () => {
  const machine = createMachine({
    id: 'end',
    initial: 'state',
    on: { '*': { actions: 'report' }, stop: { target: '.note: "odd"', meta: { clause: 'S14' } } },
    states: {
      state: {
        entry: raise({ type: 'begun' }),
        on: {
          begun: [
            { guard: and(['isA', or(['isB', not('isC')])]), target: 'inner', meta: { clause: 'P2.1, P12' } },
            { actions: ['wait', sendTo('other', { type: 'late' })] },
          ],
          ignored: {},
        },
      },
      inner: {
        initial: 'one',
        exit: sendParent(() => ({ type: 'gone' })),
        on: { tick: { actions: assign({}) }, back: 'state', again: { target: 'state', guard: 'isA' } },
        states: { one: { on: { next: 'two' } }, two: {} },
      },
      'note: "odd"': { type: 'final' },
    },
  });

  it('contains boxes with their activities, initial states, final states, and one arrow for each pair of states', () => {
    expect(mermaid(machine)).toBe(
      [
        'stateDiagram-v2',
        '  state "all states" as end_all',
        '  [*] --> end_state',
        '  state "state" as end_state',
        '  end_state : entry / raise begun',
        '  end_state : begun 2. [otherwise] / wait, tell other late',
        '  state "inner" as end_inner {',
        '    state "all of inner" as end_inner_all',
        '    end_inner_all : exit / tell parent gone',
        '    end_inner_all : tick / xstate.assign',
        '    [*] --> end_inner_one',
        '    state "one" as end_inner_one',
        '    state "two" as end_inner_two',
        '  }',
        '  state "note   odd" as end_note___odd_',
        '  end_note___odd_ --> [*]',
        '  end_all --> end_note___odd_ : stop (S14)',
        '  end_state --> end_inner : begun 1. [isA and (isB or not isC)] (P2.1, P12)',
        '  end_inner_all --> end_state : back<br/>again [isA]',
        '  end_inner_one --> end_inner_two : next',
      ].join('\n'),
    );
  });
});
