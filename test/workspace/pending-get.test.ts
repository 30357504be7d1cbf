import { describe, expect, test } from 'vitest';
import { foundText, PendingGet, type Client } from '../../src/workspace/pending-get.ts';
import { PURGED } from '../../src/workspace/refusal.ts';
import { WaitingLine } from '../../src/workspace/waiting-line.ts';

const CLIENT: Client = {
  id: 1,
  peer: '10.0.0.1:4000',
  closeListeners: new Set(),
  answer: () => undefined,
  refuse: () => undefined,
};

const newGet = (verb = 'ifind'): PendingGet =>
  new PendingGet(CLIENT, {
    verb,
    takes: false,
    waits: true,
    iterator: { variableId: 'id', index: 3 },
    metadata: new Map([['a', 'b']]),
  });

describe('a get', () => {
  test('keeps its arguments until it waits (P12)', () => {
    const get = newGet();
    expect([get.iterator?.index, get.metadata.size]).toEqual([3, 1]);
    get.wait(() => undefined);
    expect([get.iterator, get.metadata.size]).toEqual([undefined, 0]);
  });

  test.each<[string, (get: PendingGet) => void]>([
    ['answered', (get) => get.answer(foundText('x'))],
    ['refused', (get) => get.refuse(PURGED)],
    ['withdrawn', (get) => get.withdraw()],
    ['answered in steps', (get) => get.answerInSteps({ steps: answering(), drop: () => undefined })],
  ])('has ended when it is %s', (_how, act) => {
    const get = newGet();
    expect(get.ended).toBe(false);
    act(get);
    expect(get.ended).toBe(true);
  });
});

// eslint-disable-next-line require-yield
function* answering() {
  return foundText('x');
}

describe('a line of gets that wait', () => {
  test('gives those that match, the one that has waited longest first, and keeps the others', () => {
    const line = new WaitingLine();
    const [a, b, c] = [newGet('a'), newGet('b'), newGet('c')];
    for (const get of [a, b, c]) line.add(get);
    expect([...line.taken((get) => get !== b)]).toEqual([a, c]);
    expect([...line]).toEqual([b]);
  });

  test('gives all that are there, also those that join meanwhile', () => {
    const line = new WaitingLine();
    const gets = [newGet('a'), newGet('b'), newGet('c')];
    for (const get of gets.slice(0, 2)) line.add(get);
    const drained: PendingGet[] = [];
    for (const get of line.drain()) {
      drained.push(get);
      if (drained.length === 1) for (const late of gets.slice(2)) line.add(late);
    }
    expect([drained, line.length]).toEqual([gets, 0]);
  });

  test.each<[string, (line: WaitingLine) => unknown]>([
    ['takeFirst', (line) => line.takeFirst(() => true)],
    ['shift', (line) => line.shift()],
    ['takeAll', (line) => line.takeAll()],
  ])('is not left by a get that %s has removed from it', (_how, remove) => {
    const line = new WaitingLine();
    const left: string[] = [];
    const get = newGet('a');
    line.add(get, () => left.push('a'));
    remove(line);
    line.add(newGet('b'), () => left.push('b'));
    get.withdraw();
    expect([left, line.length]).toEqual([[], 1]);
  });
});
