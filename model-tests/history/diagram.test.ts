import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { writeCounterexample } from '../../src/verify/diagram/files.ts';
import { sequenceMermaid } from '../../src/verify/diagram/mermaid.ts';
import { diagramOfHistory } from '../../src/verify/diagram/of-history.ts';
import { diagramOfLines } from '../../src/verify/diagram/sequence.ts';
import { sequenceSvg } from '../../src/verify/diagram/svg.ts';
import { checkHistory } from '../../src/verify/history/check.ts';
import { shrink } from '../../src/verify/shrink.ts';
import { mustBeRight } from './must-be-right.ts';
import { operationAt } from './operation-at.ts';
import { Random } from '../world/random.ts';

/** Values of which two come in the wrong order, and many others. */
const swapped = [
  ...Array.from({ length: 40 }, (_, n) => operationAt(2 * n, 'ada', 'store', `<${n}>`)),
  ...Array.from({ length: 40 }, (_, n) => {
    const value = n === 20 ? 21 : n === 21 ? 20 : n;
    return operationAt(100 + 2 * n, 'grace', 'fetch', `<${value}>`);
  }),
];

it('a violation in a long history is drawn as its fewest operations', () => {
  const [violation] = checkHistory(swapped).violations;
  if (violation === undefined) throw new Error('nothing was found');
  expect(sequenceMermaid(diagramOfHistory(violation))).toBe(`sequenceDiagram
  title V3, V4: "v" of "w", a fifo: "#60;20#62;", "#60;21#62;" came in an order that no fifo allows
  participant p0 as ada
  participant p1 as grace
  participant p2 as server
  p0->>p2: store "#60;20#62;"
  p2-->>p0: done
  p0->>p2: store "#60;21#62;"
  p2-->>p0: done
  p1->>p2: fetch
  p2-->>p1: "#60;21#62;"
  p1->>p2: fetch
  rect rgb(255, 205, 205)
    p2-->>p1: "#60;20#62;"
  end
  rect rgb(255, 205, 205)
    Note over p2: "#60;20#62;", "#60;21#62;" came in an order that no fifo allows
  end
`);
});

it('the picture has a lifeline for each party, escapes what clients sent, and shows what is wrong in red', () => {
  const [violation] = checkHistory(swapped).violations;
  if (violation === undefined) throw new Error('nothing was found');
  const svg = sequenceSvg(diagramOfHistory(violation));
  expect(svg.match(/class="lifeline"/g)).toHaveLength(3);
  expect(svg.match(/<g class="message/g)).toHaveLength(8);
  expect(svg.match(/<g class="message reply broken"/g)).toHaveLength(1);
  expect(svg.match(/<g class="note broken"/g)).toHaveLength(1);
  expect(svg).toContain('fetch');
  expect(svg).toContain('&lt;20&gt;');
  expect(svg).not.toContain('<20>');
  // Every group that is opened is closed, in order: it is well-formed XML as far as tags go.
  const open: string[] = [];
  for (const [, slash, name = '', self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g))
    if (slash === '/') expect(open.pop()).toBe(name);
    else if (self !== '/') open.push(name);
  expect(open).toEqual([]);
});

it('a get that is never answered is drawn as a note on its client', () => {
  const { replied, reply, ...waiting } = operationAt(5, 'grace', 'fetch', '');
  expect([replied, reply]).toHaveLength(2);
  const history = [operationAt(1, 'ada', 'store', '1'), waiting, { who: '', verb: 'end', invoked: 9_999 }];
  const [violation] = checkHistory(history).violations;
  if (violation === undefined) throw new Error('nothing was found');
  expect(diagramOfHistory(violation).steps).toContainEqual({
    on: 'grace',
    text: 'is never answered',
    isBroken: true,
  });
});

it('a list of steps is drawn with its last step in red', () => {
  const diagram = diagramOfLines('what fails', ['client 1: store', 'a timer'], {
    to: 'server',
    wrong: 'why',
  });
  expect(diagram).toEqual({
    title: 'what fails',
    parties: ['client 1', 'server'],
    steps: [
      { from: 'client 1', to: 'server', text: 'store', isBroken: false },
      { on: 'server', text: 'a timer', isBroken: true },
      { on: 'server', text: 'why', isBroken: true },
    ],
  });
});

it('the files are written, and named in the line for the message', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-diagram-'));
  vi.stubEnv('SLEIGH_DIAGRAMS', folder);
  try {
    const line = writeCounterexample('a b/c', diagramOfLines('t', ['a: b'], { to: 'server', wrong: 'why' }));
    const path = join(folder, 'a-b-c');
    expect(line).toBe(`as a picture: ${path}.svg (and ${path}.mmd)`);
    expect(readFileSync(`${path}.svg`, 'utf8')).toMatch(/^<svg /);
    expect(readFileSync(`${path}.mmd`, 'utf8')).toMatch(/^sequenceDiagram/);
    expect(() => mustBeRight('swapped', swapped)).toThrow(
      /swapped: V3, V4, "v" of "w": "<20>", "<21>" came in [^]*as a picture: .*swapped\.svg/,
    );
    expect(readFileSync(join(folder, 'swapped.svg'), 'utf8')).toMatch(/^<svg /);
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  }
});

it('shrinking leaves exactly what is needed, whatever is around it', () => {
  const random = new Random(1);
  for (let n = 0; n < 200; n++) {
    const items = Array.from({ length: random.whole(1, 60) }, (_, at) => at);
    const needed = items.filter(() => random.chance(0.1));
    let tries = 0;
    const stillFails = (some: readonly number[]): boolean => {
      tries++;
      return needed.every((item) => some.includes(item));
    };
    expect(shrink(items, stillFails)).toEqual(needed);
    expect(tries).toBeLessThan(items.length * (needed.length + 8));
  }
});
