import { Crew } from '../../src/sleigh/crew.ts';
import { Batches } from '../../src/sleigh/batches.ts';
import { Barrier } from '../../src/workspace/barrier.ts';
import { Fifo } from '../../src/workspace/fifo.ts';
import { foundText, PendingGet } from '../../src/workspace/pending-get.ts';
import { Single } from '../../src/workspace/single.ts';
import { Variable } from '../../src/workspace/variable.ts';
import { Waiters } from '../../src/workspace/waiters.ts';
import { Workspaces } from '../../src/workspace/workspaces.ts';
import type { Faulty } from '../world/replaced-method.ts';

/** A method of the core that does something else than it must. */
export interface CoreFault {
  readonly what: string;
  /** The clause that must be named. */
  readonly clause: string;
  readonly prototype: object;
  readonly method: string;
  readonly fault: Faulty;
  /** Whether a history of concurrent clients shows it, too. */
  readonly isInHistory?: boolean;
}

const isGet = (found: unknown): found is PendingGet => found instanceof PendingGet;
const without = function* (): Generator<undefined> {};
/** Answers with something in the reply changed. */
const answering =
  (change: (found: Readonly<Record<string, unknown>>) => object): Faulty =>
  (right, _self, [found]) =>
    right({ ...Object(found), ...change({ ...Object(found) }) });

/** By object: how often the method was called, or what it was given first. */
const calls = new WeakMap<object, number>();
const firsts = new WeakMap<object, unknown>();

const oneIn =
  (n: number, instead: Faulty): Faulty =>
  (right, self, args) => {
    const count = (calls.get(self) ?? 0) + 1;
    calls.set(self, count);
    return count % n === 0 ? instead(right, self, args) : right();
  };

const asIf =
  (change: Partial<Pick<PendingGet, 'takes' | 'waits'>>, isMeant: (get: PendingGet) => boolean): Faulty =>
  (right, _self, [ask]) => {
    if (isGet(ask) && isMeant(ask)) Object.assign(ask, change);
    return right();
  };

const declaring =
  (mode: string, other: string): Faulty =>
  (right, _self, [wanted]) =>
    wanted === mode ? right(other) : right();

export const FAULTS: readonly CoreFault[] = [
  {
    what: 'a fifo returns its newest value',
    clause: 'V4',
    prototype: Variable.prototype,
    method: 'declare',
    fault: declaring('fifo', 'lifo'),
    isInHistory: true,
  },
  {
    what: 'a lifo returns its oldest value',
    clause: 'V4',
    prototype: Variable.prototype,
    method: 'declare',
    fault: declaring('lifo', 'fifo'),
    isInHistory: true,
  },
  {
    what: 'a fetch leaves its value there, so that it is delivered twice',
    clause: 'V4',
    prototype: Fifo.prototype,
    method: 'get',
    fault: asIf({ takes: false }, ({ takes }) => takes),
    isInHistory: true,
  },
  {
    what: 'a find removes its value',
    clause: 'V4',
    prototype: Fifo.prototype,
    method: 'get',
    fault: asIf({ takes: true }, ({ takes, iterator }) => !takes && iterator === undefined),
    isInHistory: true,
  },
  {
    what: 'a value that was acknowledged is lost',
    clause: 'V4',
    prototype: Fifo.prototype,
    method: 'store',
    fault: oneIn(3, () => undefined),
    isInHistory: true,
  },
  {
    what: 'a single keeps its first value',
    clause: 'V3',
    prototype: Single.prototype,
    method: 'store',
    fault: (right, self) => (self instanceof Single && self.counts.values > 0 ? undefined : right()),
    isInHistory: true,
  },
  {
    what: 'a waiting get is not answered',
    clause: 'V5',
    prototype: Waiters.prototype,
    method: 'offer',
    fault: () => false,
    isInHistory: true,
  },
  {
    what: 'a disconnected client consumes a value',
    clause: 'V6',
    prototype: PendingGet.prototype,
    method: 'withdraw',
    fault: () => undefined,
  },
  {
    what: 'a barrier releases every client at once',
    clause: 'V12',
    prototype: Barrier.prototype,
    method: 'get',
    fault: (right, _self, [ask]) =>
      isGet(ask) && ask.waits && !ask.takes ? ask.answer(foundText('1', ask.variableId)) : right(),
    isInHistory: true,
  },
  {
    what: 'a rank is assigned twice',
    clause: 'S2',
    prototype: PendingGet.prototype,
    method: 'answer',
    fault: answering(({ metadata, payload }) =>
      metadata instanceof Map && metadata.get('allocated') === '1' && payload === '1' ? { payload: '0' } : {},
    ),
  },
  {
    what: 'a result goes to another batch',
    clause: 'S7',
    prototype: Batches.prototype,
    method: 'addResult',
    fault: (right, self, [batch, result]) => {
      if (!firsts.has(self)) firsts.set(self, batch);
      return right(firsts.get(self), result);
    },
  },
  {
    what: 'replies have no metadata',
    clause: 'V3',
    prototype: PendingGet.prototype,
    method: 'answer',
    fault: answering(() => ({ metadata: new Map() })),
  },
  {
    what: 'the numbers of values are missing',
    clause: 'V10',
    prototype: PendingGet.prototype,
    method: 'answer',
    fault: answering(() => ({ index: 0 })),
    isInHistory: true,
  },
  {
    what: 'a deleted workspace still exists',
    clause: 'W7',
    prototype: Workspaces.prototype,
    method: 'delete',
    fault: () => without(),
  },
  {
    what: 'the workspace of a disconnected owner still exists',
    clause: 'W6',
    prototype: Workspaces.prototype,
    method: 'clientLeft',
    fault: () => without(),
  },
  {
    what: 'the death of a worker is not noticed',
    clause: 'S13',
    prototype: Crew.prototype,
    method: 'handleDisconnection',
    fault: () => undefined,
  },
];

/** What a proxy changes in the replies of a server that is right. */
export const ALTERED_REPLIES: readonly (readonly [what: string, clause: string, from: string, to: string])[] =
  [
    ['a failed reply has no reason', 'P8', '0009nwsReason', '0009nwsReazon'],
    ['an error has another text', 'P5.4', 'Unknown verb', 'unknown VERB'],
    ['a workspace that was not opened is refused with another status', 'W5', '2001', '2002'],
  ];
