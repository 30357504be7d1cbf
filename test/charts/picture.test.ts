import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { CHARTS } from '../../src/charts/pages.ts';
import { startBrowser } from '../support/browser.ts';
import { pictureOf } from '../support/drawn-charts.ts';
import { isShort } from '../support/form.ts';

type Point = readonly [number, number];

interface Place {
  readonly what: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The elements of a picture, as the browser measures them. */
interface Measures {
  readonly picture: Place;
  readonly boxes: readonly Place[];
  readonly leaves: readonly Place[];
  readonly names: readonly Place[];
  /** For rows and labels: the text and the space reserved for it. */
  readonly texts: readonly {
    readonly text: Place;
    readonly ground: Place;
    readonly box: string | undefined;
  }[];
  readonly labels: readonly Place[];
  /** Points a few pixels apart on each arrow. */
  readonly lines: readonly {
    readonly moves: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
  readonly tips: readonly { readonly moves: string; readonly x: number; readonly y: number }[];
}

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
  page = await browser.newPage();
}, 60_000);
afterAll(async () => browser.close());

const show = async (name: string): Promise<void> => {
  await page.setContent(`<body style="margin:0">${pictureOf(name)}</body>`);
};

/** Runs in the browser. */
const MEASURE = `(() => {
  const place = (element, what) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return { what, left, top, right, bottom };
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const stateOf = (element) => element.closest('.state')?.dataset.state;
  const label = (element) => element.dataset.moves + ' ' + element.querySelector('text').textContent;
  return {
    picture: place(document.querySelector('svg'), 'picture'),
    boxes: all('.state').map((g) => place(g.querySelector('rect'), g.dataset.state)),
    leaves: all('.state:not(.compound)').map((g) => place(g.querySelector('rect'), g.dataset.state)),
    names: all('.name').map((name) => place(name, stateOf(name))),
    texts: all('.row, .label').flatMap((g) => [...g.querySelectorAll('text')].map((text) => ({
      text: place(text, text.textContent), ground: place(g.querySelector('rect'), label(g)), box: stateOf(g),
    }))),
    labels: all('.label').map((g) => place(g.querySelector('rect'), label(g))),
    lines: all('.arrow').map((g) => {
      const line = g.querySelector('.line');
      const points = [];
      for (let at = 0; at <= line.getTotalLength(); at += 2) {
        const { x, y } = line.getPointAtLength(at);
        points.push([x, y]);
      }
      return { moves: g.dataset.moves, points };
    }),
    tips: all('.arrow').map((g) => {
      const { x, y } = g.querySelector('.head').getPointAtLength(0);
      return { moves: g.dataset.moves, x, y };
    }),
  };
})()`;

const measure = async (name: string): Promise<Measures> => {
  await show(name);
  return page.evaluate<Measures>(MEASURE);
};

/** The boxes of fonts are a little higher than their letters. */
const isWithin = (inner: Place, outer: Place, slack = 1): boolean =>
  inner.left >= outer.left - slack &&
  inner.right <= outer.right + slack &&
  inner.top >= outer.top - slack &&
  inner.bottom <= outer.bottom + slack;

const overlap = (one: Place, other: Place): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

const holds = ({ left, top, right, bottom }: Place, [x, y]: readonly [number, number], margin = 0): boolean =>
  x > left - margin && x < right + margin && y > top - margin && y < bottom + margin;

const isNear = ([x, y]: Point, [u, v]: Point): boolean => Math.abs(x - u) < 3 && Math.abs(y - v) < 3;

const pairs = <Item>(items: readonly Item[]): [Item, Item][] =>
  items.flatMap((one, i) => items.slice(i + 1).map((other): [Item, Item] => [one, other]));

/** The short form measures some of the pictures. */
const SHOWN = isShort ? CHARTS.filter((_, at) => at % 7 === 0) : CHARTS;

describe.each(SHOWN)('in a browser, the picture of $name', ({ name }) => {
  let measures: Measures;
  beforeAll(async () => {
    measures = await measure(name);
  });
  const box = (state: string | undefined): Place | undefined =>
    measures.boxes.find(({ what }) => what === state);

  it('has every text within its reserved space, which is within its box', () => {
    const wrong = measures.texts.filter(({ text, ground, box: state }) => {
      const around = state === undefined ? measures.picture : box(state);
      return !isWithin(text, ground) || around === undefined || !isWithin(ground, around);
    });
    expect(measures.texts.length).toBeGreaterThan(5);
    expect(wrong.map(({ text }) => text.what)).toEqual([]);
    const names = measures.names.filter((text) => {
      const around = box(text.what);
      return around === undefined || !isWithin(text, around, -4);
    });
    expect(names).toEqual([]);
  });

  it('has no overlapping texts', () => {
    const target = new Map(measures.texts.map(({ ground }) => [ground.what, ground]));
    const places = [...target.values(), ...measures.names];
    const over = pairs(places).filter(([one, other]) => overlap(one, other));
    expect(over.map(([one, other]) => `${one.what} and ${other.what}`)).toEqual([]);
  });

  it('has no label that overlaps a state without children', () => {
    const over = measures.labels.flatMap((label) =>
      measures.leaves.filter((leaf) => overlap(label, leaf)).map(({ what }) => `${label.what} over ${what}`),
    );
    expect(over).toEqual([]);
  });

  it('has no arrow that crosses a text or a state without children of another arrow', () => {
    const target = measures.texts.map(({ ground }) => ground);
    const hidden = measures.lines.flatMap(({ moves, points }) => {
      const foreign = target.filter(({ what }) => !moves.split(' ').includes(what.split(' ')[0] ?? ''));
      return [...foreign, ...measures.names, ...measures.leaves]
        .filter((place) => points.some((point) => holds(place, point, -1)))
        .map(({ what }) => `${moves} through ${what}`);
    });
    expect(hidden).toEqual([]);
  });

  it('has every arrow pass through all of its labels', () => {
    const apart = measures.labels.filter((label) => {
      const line = measures.lines.find(({ moves }) =>
        moves.split(' ').includes(label.what.split(' ')[0] ?? ''),
      );
      return !line?.points.some((point) => holds(label, point));
    });
    expect(apart.map(({ what }) => what)).toEqual([]);
  });

  it('has every arrow touch the border of a state', () => {
    const loose = measures.tips.filter(
      ({ x, y }) =>
        !measures.boxes.some(
          (state) =>
            x > state.left &&
            x < state.right &&
            Math.min(Math.abs(y - state.top), Math.abs(y - state.bottom)) < 1,
        ),
    );
    expect(loose).toEqual([]);
  });

  it('has no arrow that hides another one, and arrows that share an end never part again', () => {
    const tipOf = (moves: string) => measures.tips.find((tip) => tip.moves === moves);
    const hidden = pairs(measures.lines).filter(([one, other]) => {
      const near = one.points.map((point) => other.points.some((each) => isNear(point, each)));
      const [tip, otherTip] = [tipOf(one.moves), tipOf(other.moves)];
      const hasSameEnd = tip !== undefined && tip.x === otherTip?.x && tip.y === otherTip.y;
      const apart = hasSameEnd ? near.slice(0, near.lastIndexOf(false) + 1) : near;
      // A crossing shares a few points; more would be an overlap.
      return apart.filter(Boolean).length > 6;
    });
    expect(hidden.map(([one, other]) => `${one.moves} and ${other.moves}`)).toEqual([]);
  });

  it('has no arrows beside each other into the same side of a state', () => {
    const beside = pairs(measures.tips).filter(
      ([one, other]) =>
        one.y === other.y &&
        one.x !== other.x &&
        measures.boxes.some(
          ({ left, right, top, bottom }) =>
            [one, other].every(({ x }) => x > left && x < right) &&
            [top, bottom].some((y) => Math.abs(y - one.y) < 1),
        ),
    );
    expect(beside.map(([one, other]) => `${one.moves} and ${other.moves}`)).toEqual([]);
  });
});

const colour = (selector: string, property: string): Promise<string> =>
  page.evaluate<string>(
    `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue('${property}')`,
  );
const mark = (selector: string, name: string): Promise<void> =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)}).classList.add('${name}')`);

describe('the style of a picture', () => {
  beforeAll(async () => show('worker'));

  it('is dark on light, and light on dark if the reader prefers that', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await colour('svg', 'background-color')).toBe('rgb(255, 255, 255)');
    expect(await colour('.name', 'fill')).toBe('rgb(27, 35, 48)');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await colour('svg', 'background-color')).toBe('rgb(20, 24, 31)');
    expect(await colour('.name', 'fill')).toBe('rgb(232, 236, 242)');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('uses the colours of the surrounding page', async () => {
    await page.evaluate(`document.body.style.setProperty('--chart-ink', 'rgb(1, 2, 3)')`);
    expect(await colour('.name', 'fill')).toBe('rgb(1, 2, 3)');
    await page.evaluate(`document.body.style.removeProperty('--chart-ink')`);
  });

  it.each(['was-taken', 'is-next', 'is-forbidden', 'depends'])(
    'highlights transitions that are marked %s',
    async (name) => {
      const line = '.arrow .line';
      const before = await colour(line, 'stroke');
      await mark('.arrow', name);
      expect(await colour(line, 'stroke')).not.toBe(before);
      await page.evaluate(`document.querySelector('.arrow').classList.remove('${name}')`);
    },
  );

  it('highlights the current state', async () => {
    const before = await colour('[data-state="registered.busy"] > rect', 'fill');
    await mark('[data-state="registered.busy"]', 'is-active');
    expect(await colour('[data-state="registered.busy"] > rect', 'fill')).not.toBe(before);
  });
});
