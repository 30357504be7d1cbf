import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Found } from '../../src/client/connection/connection.ts';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import type { ElementOwner } from '../../src/client/master/element-owner.ts';
import { LeftElement } from '../../src/client/master/left-element.ts';
import { LeftValues } from '../../src/client/master/left-values.ts';
import type { Retries } from '../../src/client/master/retries.ts';
import { TaskGroup, type TaskGroupOptions, type TaskSender } from '../../src/client/master/task-group.ts';
import type { Sent } from '../../src/client/master/task-parts.ts';
import { failureOf, type Outcome } from '../../src/client/task/outcome.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { chunkPart, type ChunkPart } from '../../src/client/values/chunk.ts';
import { decodeValue, encodeTogether } from '../../src/client/values/values.ts';
import { KEY } from '../../src/wire/names.ts';

// The tasks of a group, without batches: the test owns the elements, and answers in place of the workers.

const textOf = (outcome: Outcome): string =>
  'error' in outcome
    ? `${outcome.error.code} in ${outcome.error.attempt}`
    : outcome.value instanceof LeftElement
      ? outcome.value.variable
      : String(outcome.value);

/** The owner of elements, which counts its parts. */
class Owner implements ElementOwner {
  readonly id: string;
  parts = 0;
  isWanted = true;
  retries: Retries | undefined;
  leaves: LeftValues | undefined;
  /** Each settlement: the first index, the outcomes, and the elements as they were sent. */
  readonly settled: string[] = [];
  readonly reasons: string[] = [];

  constructor(id = '1') {
    this.id = id;
  }

  countParts(change: number): void {
    this.parts += change;
  }

  settle(index: number, outcomes: readonly Outcome[], elements: readonly ChunkPart[]): void {
    const sent = elements.map(({ body }) => String(body.body)).join();
    this.settled.push(`${index}: ${outcomes.map(textOf).join()} of ${sent}`);
    for (const outcome of outcomes) if ('error' in outcome) this.reasons.push(outcome.error.reason);
  }

  refuse(): void {
    this.settled.push('refused');
  }
}

class Hands {
  readonly stored: { readonly sent: Sent; readonly metadata: ReadonlyMap<string, string> }[] = [];
  workers = 1;
  /** What the next task is refused with. */
  refusal: Error | undefined;
  readonly group: TaskGroup;

  constructor(options: Partial<TaskGroupOptions> = {}) {
    const all = (): Pick<Hands, 'workers' | 'refusal'> => this;
    const { stored } = this;
    const sender: TaskSender = {
      get workers() {
        return all().workers;
      },
      maxAttempts: 3,
      mayRepeat: true,
      send: (_group, sent, _value, metadata) => {
        const { refusal } = this;
        this.refusal = undefined;
        if (refusal !== undefined) return Promise.reject(refusal);
        stored.push({ sent, metadata });
        return Promise.resolve();
      },
    };
    this.group = new TaskGroup({ sender, metadata: new Map(), chunkSize: 1, loadFactor: 1, ...options });
  }

  /** Adds texts. @param first the index of the first */
  add(owner: ElementOwner, texts: string, first = 0): void {
    for (const [at, text] of Array.from(texts).entries()) this.group.add(owner, first + at, text);
  }

  /** The numbers of elements of the tasks that were stored, and not answered. */
  get counts(): number[] {
    return this.stored.map(({ sent }) => sent.count);
  }

  /** What these tasks say of a key. */
  all(key: string): (string | undefined)[] {
    return this.stored.map(({ metadata }) => metadata.get(key));
  }

  /** Answers the oldest task. */
  answer(value: unknown, more: Readonly<Record<string, string>> = {}): void {
    const task = this.stored.shift();
    if (task === undefined) throw new Error('there is no task');
    const metadata = new Map([[KEY.workerRank, '4'], ...Object.entries(more)]);
    const found: Found = { value, metadata, descriptor: 1, variableId: '', index: 0 };
    this.group.received(task.sent, found);
  }

  fail(): void {
    this.answer(failureOf({ code: 'threw', message: 'no' }), { [KEY.error]: '1' });
  }

  lose(why = 'died'): void {
    this.answer('', { [KEY.null]: '1', [KEY.nullWhy]: why });
  }

  /** The first two tasks of a group of automatic size: then it knows how long an element takes. */
  measure(owner: ElementOwner, milliseconds: number, text = 'x'): void {
    for (let n = 0; n < 2; n++) {
      this.group.add(owner, n, text);
      this.answer('done', { [KEY.took]: String(milliseconds) });
    }
  }
}

/** The result of a task of several elements, or of fewer than it has. */
function chunkOf(...results: readonly unknown[]): unknown {
  const parts = results.map((value) =>
    chunkPart(
      value instanceof Error ? { failure: failureOf({ code: 'threw', message: 'no' }) } : { value },
      'result',
      'threw',
    ),
  );
  const { descriptor, bytes } = encodeTogether(parts);
  return decodeValue(descriptor, Buffer.from(bytes), new Map([['type', 'chunk']]));
}

describe('the elements of a chunk', () => {
  it('of a fixed size whose worker died are tried alone, as often as other elements', () => {
    const hands = new Hands({ chunkSize: 2, loadFactor: 8 });
    const owner = new Owner();
    hands.add(owner, 'ab');
    expect([hands.all(KEY.maxAttempts), hands.all(KEY.chunk), owner.parts]).toEqual([['1'], ['1'], 1]);
    hands.lose();
    expect([hands.counts, hands.all(KEY.maxAttempts), owner.parts]).toEqual([
      [1, 1],
      [undefined, undefined],
      2,
    ]);
    hands.lose();
    hands.answer(chunkOf('B'));
    expect([owner.settled, owner.parts, hands.group.isIdle]).toEqual([
      ['0: worker-died in 2 of a', '1: B of b'],
      0,
      true,
    ]);
  });

  it('are settled in runs, each with what was sent', () => {
    const hands = new Hands({ chunkSize: 4, loadFactor: 8 });
    const owner = new Owner();
    hands.add(owner, 'abcd', 3);
    hands.lose('timed-out');
    expect(hands.counts).toEqual([1, 1, 1, 1]);
    for (const text of ['A', 'B', 'C']) hands.answer(chunkOf(text));
    hands.answer(chunkOf(new Error('no')));
    expect(owner.settled).toEqual(['3: A of a', '4: B of b', '5: C of c', '6: threw in 2 of d']);
    hands.add(owner, 'efgh', 7);
    hands.answer('', { [KEY.null]: '1', [KEY.nullWhy]: 'timed-out', [KEY.nullAt]: '2' });
    expect([owner.settled.slice(4), hands.all(KEY.index)]).toEqual([
      ['9: timed-out in 1 of g'],
      ['7', '8', '10'],
    ]);
  });

  it('of two batches are divided among them, and wait for each other in a fixed size', async () => {
    const hands = new Hands({ chunkSize: 3 });
    const [one, two] = [new Owner('1'), new Owner('2')];
    hands.add(one, 'ab');
    await endOfTurn();
    expect([hands.counts, hands.group.isGathering(one), hands.group.isGathering(two)]).toEqual([
      [],
      true,
      false,
    ]);
    hands.add(two, 'c');
    expect([hands.all(KEY.batchId), hands.all(KEY.index), hands.all(KEY.shares)]).toEqual([
      ['1,2'],
      ['0,0'],
      ['2,1'],
    ]);
    hands.answer(chunkOf('A', 'B', 'C'));
    expect([one.settled, two.settled, one.parts, two.parts]).toEqual([
      ['0: A,B of a,b'],
      ['0: C of c'],
      0,
      0,
    ]);
  });

  it('that the server refuses are sent again as they were, one by one', async () => {
    const hands = new Hands({ chunkSize: 2 });
    const owner = new Owner();
    hands.refusal = new Error('no room');
    hands.add(owner, 'ab');
    await endOfTurn();
    expect([hands.counts, hands.all(KEY.attempt), hands.all(KEY.aloneFrom)]).toEqual([
      [1],
      ['1'],
      [undefined],
    ]);
    hands.refusal = new Error('no room for this either');
    hands.answer(chunkOf('A'));
    await endOfTurn();
    expect([owner.settled, owner.reasons, owner.parts]).toEqual([
      ['0: A of a', '1: not-sent in 1 of b'],
      [expect.stringContaining('no room for this either')],
      0,
    ]);
  });
});

describe('an element that is called again', () => {
  it('counts as under way, and its worker is alone with it only if it is suspect', () => {
    const hands = new Hands({ chunkSize: 2 });
    const owner = new Owner();
    const element = chunkPart({ value: 'x' }, 'element', 'not-sent');
    hands.group.addAgain(owner, 7, { element, attempt: 1 });
    expect([owner.parts, hands.all(KEY.attempt), hands.all(KEY.aloneFrom)]).toEqual([1, ['2'], ['3']]);
    // A worker that returns it undone has not called it.
    hands.answer(chunkOf());
    expect([owner.parts, hands.all(KEY.attempt), hands.all(KEY.aloneFrom)]).toEqual([1, ['2'], ['3']]);
    hands.answer(chunkOf(new Error('no')));
    expect([owner.parts, owner.settled]).toEqual([0, ['7: threw in 2 of x']]);
  });

  it('after a while is not under way when its batch withdraws it', () => {
    const hands = new Hands();
    const owner = new Owner();
    const due: ((attempt: number) => void)[] = [];
    const withdrawn: number[] = [];
    owner.retries = unsafeCast<Retries>({
      failed: (_index: number, _error: unknown, again: (attempt: number) => void) => due.push(again) < 3,
      withdraw: (index: number) => withdrawn.push(index),
    });
    hands.add(owner, 'a', 5);
    hands.fail();
    expect([owner.parts, hands.group.isIdle, hands.counts]).toEqual([1, false, []]);
    due[0]?.(2);
    due[0]?.(2);
    expect([owner.parts, hands.all(KEY.attempt), hands.all(KEY.aloneFrom)]).toEqual([1, ['2'], ['3']]);
    hands.fail();
    const other = new Owner('2');
    expect([hands.group.withdraw(other), owner.parts]).toEqual([[], 1]);
    expect([hands.group.withdraw(owner), withdrawn, owner.parts, hands.group.isIdle]).toEqual([
      [5],
      [5],
      0,
      true,
    ]);
    due[1]?.(3);
    expect([hands.counts, owner.settled]).toEqual([[], []]);
    hands.add(owner, 'b', 6);
    hands.fail();
    expect([owner.settled, owner.parts]).toEqual([['6: threw in 1 of b'], 0]);
  });
});

describe('elements that are withdrawn', () => {
  it('are those of one owner that were not sent, and the others keep their order', () => {
    const hands = new Hands({ chunkSize: 6 });
    const [one, two, three] = [new Owner('1'), new Owner('2'), new Owner('3')];
    hands.add(two, 'a');
    hands.add(one, 'bc', 4);
    hands.add(three, 'd');
    hands.add(one, 'e', 6);
    expect([one.parts, hands.group.withdraw(one), one.parts, two.parts]).toEqual([2, [4, 5, 6], 0, 1]);
    expect(hands.group.isIdle).toBe(false);
    hands.group.flush();
    expect([hands.all(KEY.batchId), hands.counts]).toEqual([['2,3'], [2]]);
    hands.answer(chunkOf('A', 'D'));
    expect([two.settled, three.settled, hands.group.isIdle]).toEqual([['0: A of a'], ['0: D of d'], true]);
  });

  it('may be some that are to be called again', () => {
    const hands = new Hands();
    const [one, two] = [new Owner('1'), new Owner('2')];
    const element = chunkPart({ value: 'x' }, 'element', 'not-sent');
    for (const [owner, index] of [
      [one, 3],
      [two, 5],
      [one, 4],
    ] as const)
      hands.group.addAgain(owner, index, { element, attempt: 1 });
    expect([hands.all(KEY.index), one.parts]).toEqual([['3'], 2]);
    expect([hands.group.withdraw(one), one.parts, two.parts]).toEqual([[4], 1, 1]);
    hands.answer('done');
    expect(hands.all(KEY.index)).toEqual(['5']);
    hands.answer('done');
    expect(hands.group.isIdle).toBe(true);
  });
});

describe('tasks of automatic size', () => {
  it('have one element as long as no worker has done two, and then as many as it does in 2 ms', () => {
    const hands = new Hands({ chunkSize: 'auto', loadFactor: 3 });
    const owner = new Owner();
    hands.add(owner, 'abcdefgh');
    expect([hands.counts, hands.all(KEY.chunk), owner.parts]).toEqual([
      [1, 1, 1],
      [undefined, undefined, undefined],
      8,
    ]);
    expect(hands.group.isGathering(owner)).toBe(false);
    // The first task of each worker may load the function.
    for (const rank of ['4', '5']) hands.answer('done', { [KEY.took]: '1', [KEY.workerRank]: rank });
    expect(hands.counts).toEqual([1, 1, 1]);
    hands.answer('done', { [KEY.took]: '1' });
    expect([hands.counts, hands.all(KEY.chunk)]).toEqual([
      [1, 1, 2, 1],
      [undefined, undefined, '1', undefined],
    ]);
    // Now it is known that they are worth sending, so they do not wait.
    hands.add(owner, 'ij', 8);
    expect(hands.counts).toEqual([1, 1, 2, 1, 2]);
  });

  it('are divided among the workers that are idle, as far as the load factor allows', () => {
    const hands = new Hands({ chunkSize: 'auto', loadFactor: 0.5 });
    const owner = new Owner();
    hands.measure(owner, 0.01);
    hands.workers = 4;
    hands.add(owner, 'abcdefgh', 2);
    expect([hands.counts, owner.parts]).toEqual([[], 1]);
    hands.group.flush();
    expect([hands.counts, owner.parts, hands.all(KEY.index), hands.all(KEY.batchId)]).toEqual([
      [4, 4],
      2,
      ['2', '6'],
      ['1', '1'],
    ]);
    hands.answer(chunkOf('A', 'B', 'C', 'D'));
    hands.answer(chunkOf('E', 'F', 'G', 'H'));
    expect([owner.settled.slice(2), owner.parts, hands.group.isIdle]).toEqual([
      ['2: A,B,C,D of a,b,c,d', '6: E,F,G,H of e,f,g,h'],
      0,
      true,
    ]);
  });

  it('have fewer elements if these are large', () => {
    const hands = new Hands({ chunkSize: 'auto' });
    const owner = new Owner();
    const large = 'x'.repeat(10_000);
    hands.measure(owner, 0.001, large);
    for (let n = 2; n < 14; n++) hands.group.add(owner, n, large);
    expect(hands.counts).toEqual([6, 6]);
  });
});

function valuesAtServer(): LeftValues {
  const main = { deleteVariable: () => Promise.resolve() };
  return new LeftValues(unsafeCast<ConnectionPool>({ main }), 'job', 'me');
}

describe('a value that stays at the server (S35.5)', () => {
  it('is sent by its name, alone and at once', () => {
    const hands = new Hands({ chunkSize: 3 });
    const owner = new Owner();
    const values = valuesAtServer();
    hands.group.add(owner, 5, new LeftElement(values, values.next(), 9));
    expect([owner.parts, hands.all(KEY.elementIn), hands.all(KEY.attempt), hands.all(KEY.aloneFrom)]).toEqual(
      [1, ['#left me 1'], ['1'], [undefined]],
    );
    expect([hands.all(KEY.chunk), hands.all(KEY.index)]).toEqual([[undefined], ['5']]);
    hands.answer('done');
    expect([owner.parts, owner.settled]).toEqual([0, ['5: done of null']]);
  });

  it('is the result of a task of one element, and large ones are not put into chunks', () => {
    const hands = new Hands({ chunkSize: 'auto' });
    const owner = new Owner();
    owner.leaves = valuesAtServer();
    for (let n = 0; n < 2; n++) {
      hands.add(owner, 'x', n);
      expect(hands.all(KEY.leaveIn)).toEqual([`#left me ${n + 1}`]);
      hands.answer('', { [KEY.took]: '0.001', [KEY.left]: '30000' });
    }
    expect(owner.settled).toEqual(['0: #left me 1 of x', '1: #left me 2 of x']);
    hands.add(owner, 'abc', 2);
    expect([hands.counts, hands.all(KEY.leaveIn)]).toEqual([[2], [undefined]]);
    const mixed = new Hands({ chunkSize: 'auto' });
    const some = new Owner();
    some.leaves = valuesAtServer();
    // A result that does not stay counts as nothing: 65,536 bytes are three times 29,127 bytes less a quarter.
    for (const more of [{ [KEY.left]: '29127' }, {}]) {
      mixed.add(some, 'x', some.settled.length);
      mixed.answer('done', { [KEY.took]: '0.001', ...more });
    }
    mixed.add(some, 'abc', 2);
    expect(mixed.counts).toEqual([3]);
    const other = new Hands({ chunkSize: 'auto' });
    const plain = new Owner();
    for (let n = 0; n < 2; n++) {
      other.add(plain, 'x', n);
      other.answer('', { [KEY.took]: '0.001', [KEY.left]: '30000' });
    }
    other.add(plain, 'abc', 2);
    expect([other.counts, other.all(KEY.leaveIn)]).toEqual([[], []]);
  });
});
