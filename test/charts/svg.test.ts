import { createMachine, not, or } from 'xstate';
import { describe, expect, it } from 'vitest';
import { drawingOf } from '../../src/charts/drawing.ts';
import { layOut } from '../../src/charts/layout.ts';
import { isShown, movesOf, statesOf } from '../../src/charts/moves.ts';
import { CHARTS } from '../../src/charts/pages.ts';
import { svg } from '../../src/charts/svg.ts';
import { engine, pictureOf } from '../support/drawn-charts.ts';
import type { AnyStateMachine } from 'xstate';

const draw = async (machine: AnyStateMachine): Promise<string> => {
  const drawing = drawingOf(machine);
  return svg({ title: 'A <title>', about: 'one & all' }, drawing, await layOut(drawing, engine));
};

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, group = '']) => group);

const words = (text: string): string => text.replace(/<[^>]+>/g, '');

describe.each(CHARTS)('the picture of the machine $name', ({ name, machine }) => {
  const picture = pictureOf(name);

  it('has a box for each state, marked with its type', () => {
    const boxes = [...picture.matchAll(/<g class="state (\w+)" data-state="([^"]*)">\n<rect /g)];
    const kinds = statesOf(machine.root).map((node) => [
      node.type === 'atomic' ? 'leaf' : node.type,
      node.path.join('.'),
    ]);
    expect(boxes.map(([, kind, state]) => [kind, state])).toEqual(kinds);
  });

  it('has one text for each visible transition, with its event and its clauses', () => {
    const texts = [...picture.matchAll(/<g class="move (?:row|label)" data-moves="(\d+)">(.*?)<\/g>/gs)];
    const moves = [...movesOf(machine).entries()].filter(([, move]) => isShown(move));
    expect(texts.map(([, move]) => Number(move)).sort((a, b) => a - b)).toEqual(moves.map(([n]) => n));
    for (const [, n, text = ''] of texts) {
      const move = movesOf(machine)[Number(n)];
      expect(all(text, /<tspan class="event">(.*?)</g)).toEqual([move?.event]);
      expect(all(text, /<tspan class="clause">(.*?)</g)).toEqual(
        move?.clause.match(/\b[PWVSD]\d+(\.\d+)?\b/g) ?? [],
      );
    }
  });

  it('has an arrow for each transition to another state', () => {
    const arrows = all(picture, /<g class="move arrow" data-moves="([^"]*)">/g).flatMap((list) =>
      list.split(' '),
    );
    const leading = [...movesOf(machine).entries()].filter(
      ([, { source, target }]) => target !== undefined && target !== source,
    );
    expect(arrows.map(Number).sort((a, b) => a - b)).toEqual(leading.map(([n]) => n));
  });

  it('has a dot for each initial state', () => {
    const beginning = statesOf(machine.root).filter(({ type }) => type === 'compound');
    expect(all(picture, /(<circle class="dot")/g)).toHaveLength(beginning.length);
  });

  it('needs nothing that a strict content security policy forbids, except its style element', () => {
    expect(picture).not.toMatch(/<script| style="| on\w+="|url\(|@import|href|<foreignObject/);
    expect(picture.match(/https?:/g)).toEqual(['http:']);
    expect(picture).toContain('xmlns="http://www.w3.org/2000/svg"');
  });
});

describe('a picture', () => {
  it('shows names unchanged, and wraps long labels', async () => {
    const picture = await draw(
      createMachine({
        id: 'odd',
        initial: 'a:<b',
        states: {
          'a:<b': {
            on: {
              'a"&': {
                guard: or(['aGuardWithALongName', not('anotherGuardWithALongName')]),
                target: 'end',
                actions: ['doThis', 'doThat', 'doSomethingElse'],
                description: 'This & that.',
                meta: { clause: 'S1 & S2' },
              },
            },
          },
          end: { type: 'final' },
        },
      }),
    );
    expect(picture).toContain('<title>A &lt;title&gt;</title>\n<desc>one &amp; all</desc>');
    expect(picture).toContain('data-state="a:&lt;b"');
    const [label = ''] = /<g class="move label".*?<\/g>/s.exec(picture) ?? [];
    expect(label).toContain('<title>This &amp; that.</title>');
    expect(all(label, /(<text.*<\/text>)/g).map(words)).toEqual([
      'a&quot;&amp;',
      '[aGuardWithALongName or not',
      '  anotherGuardWithALongName]',
      '/ doThis, doThat,',
      '  doSomethingElse S1 S2',
    ]);
  });
});
