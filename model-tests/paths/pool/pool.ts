import { unsafeCast } from '../../../src/client/unsafe-cast.ts';
import { poolMachine, type PoolContext } from '../../../src/machines/pool/pool.ts';
import type { RestartBudget } from '../../../src/machines/pool/restart-budget.ts';
import { PoolFixture } from './stage.ts';
import type { Command, PoolModel, Situation, Stimulus } from './walk.ts';

/** One end per second is followed by an immediate replacement. */
export const BUDGET = { restarts: 1, within: 1_000, maxDelay: 150 };
const DRAIN_MS = 7_777;
/** The maximum number of delayed replacements in a row; more lead to nothing new. */
const MAX_DELAYED = 2;
const HOW = 'exit status 1';

interface Facts {
  readonly now: number;
  /** First ranks that are still to be requested after the current one. */
  readonly left: number;
  readonly next: number;
  /** Whether a request for a first rank is pending. */
  readonly isAsking: boolean;
  /** Ranks for which a replacement is requested. */
  readonly replacing: readonly number[];
  /** Live workers by rank: whether they are ready. */
  readonly living: Readonly<Record<number, boolean>>;
  readonly due: readonly { readonly rank: number; readonly milliseconds: number }[];
  readonly isDraining: boolean;
  /** Whether its workers were told to leave: they then end for this reason. */
  readonly isReleased: boolean;
}

/** The effect of a command of the machine on the world. */
function afterOne(facts: Facts, { type, params }: Command): Facts {
  const { rank, milliseconds, count } = unsafeCast<Record<'rank' | 'milliseconds' | 'count', number>>(
    params ?? {},
  );
  switch (type) {
    case 'askForRanks':
      return { ...facts, left: count - 1, isAsking: true };
    case 'askForReplacement':
      return { ...facts, replacing: [...facts.replacing, rank] };
    case 'startWorker':
      return { ...facts, living: { ...facts.living, [rank]: false } };
    case 'startReplacementTimer':
      return { ...facts, due: [...facts.due, { rank, milliseconds }] };
    case 'stopReplacementTimers':
      return { ...facts, due: [] };
    case 'startDrainTimer':
      return { ...facts, isDraining: true };
    case 'stopDrainTimer':
      return { ...facts, isDraining: false };
    case 'releaseWorkers':
      return { ...facts, isReleased: true };
    default:
      return facts;
  }
}

function after(facts: Facts, commands: readonly Command[]): Facts {
  let now = facts;
  for (const command of commands) now = afterOne(now, command);
  return now;
}

const without = (living: Facts['living'], rank: number): Facts['living'] =>
  Object.fromEntries(Object.entries(living).filter(([each]) => Number(each) !== rank));

function stimuli({ facts }: Situation<Facts>): Stimulus<Facts>[] {
  const { now, left, next, isAsking, replacing, living, due } = facts;
  const all: Stimulus<Facts>[] = [];
  const add = (
    name: string,
    event: Stimulus<Facts>['event'],
    act: Stimulus<Facts>['act'],
    changes: Partial<Facts> = {},
    alongside: readonly string[] = [],
  ): void =>
    void all.push({
      name,
      event,
      act,
      alongside,
      change: (commands) => after({ ...facts, ...changes }, commands),
    });

  if (isAsking) {
    const goesOn = left > 0 ? { left: left - 1 } : { isAsking: false };
    const asks = left > 0 ? ['ask for a rank'] : [];
    const given = { type: 'rank.given', rank: next };
    add('a first rank', given, (stage) => stage.answer(undefined, next), { ...goesOn, next: next + 1 }, asks);
    add(
      'no first rank',
      { type: 'rank.refused' },
      (stage) => stage.answer(undefined, undefined),
      goesOn,
      asks,
    );
  }
  const [replaced] = replacing;
  if (replaced !== undefined) {
    const others = { replacing: replacing.slice(1) };
    const given = { type: 'rank.given', rank: replaced };
    add('a replacement', given, (stage) => stage.answer(replaced, replaced), others);
    add('no replacement', { type: 'rank.refused' }, (stage) => stage.answer(replaced, undefined), others);
  }
  const ends = (rank: number, wasReady: boolean, why: 'died' | 'max-tasks'): void => {
    const isPlanned = why === 'max-tasks' && !facts.isReleased;
    const reason = facts.isReleased ? 'told-to-go' : why;
    const task = reason === 'died' ? 'tried' : 'untried';
    const end = { rank, how: HOW, task, why: reason, words: '', at: 0 };
    add(
      `worker ${rank} ends, ${why}`,
      { type: 'worker.ended', end, wasReady, isPlanned, now },
      (stage) => {
        if (why === 'max-tasks') stage.child(rank).say({ type: 'leaving', why, words: '' });
        stage.child(rank).end(HOW);
      },
      { living: without(living, rank) },
      [`report ${rank}: ${HOW}, ${task}, ${reason}, at 0`],
    );
  };
  const ranks = Object.entries(living).map(([rank, isReady]) => ({ rank: Number(rank), isReady }));
  const unready = ranks.find(({ isReady }) => !isReady);
  if (unready !== undefined) {
    const { rank } = unready;
    const ready = { living: { ...living, [rank]: true } };
    add('ready', { type: 'worker.ready' }, (stage) => stage.child(rank).say({ type: 'ready' }), ready);
    ends(rank, false, 'died');
  }
  const ready = ranks.find(({ isReady }) => isReady);
  if (ready !== undefined) {
    ends(ready.rank, true, 'died');
    ends(ready.rank, true, 'max-tasks');
  }
  const [first] = due;
  if (first !== undefined)
    add(
      'a replacement is due',
      { type: 'replacement.due', rank: first.rank },
      (stage) => stage.elapse(first.milliseconds),
      { due: due.slice(1) },
    );
  if (facts.isDraining)
    add('the drain is over', { type: 'drain.elapsed' }, (stage) => stage.elapse(DRAIN_MS), {
      isDraining: false,
    });
  add('drain', { type: 'drain.asked', milliseconds: DRAIN_MS }, (stage) => stage.pool.drain(DRAIN_MS));
  add('stop', { type: 'stop.asked' }, (stage) => stage.pool.stop());
  add('time passes', undefined, (stage) => stage.pass(BUDGET.within), { now: now + BUDGET.within });
  return all;
}

/**
 * The pool of a sentinel.
 * @param budget undefined: no worker is replaced
 */
export const poolModel = (workers: number, budget?: RestartBudget): PoolModel<Facts> => ({
  machine: poolMachine,
  input: { workers, budget },
  begin: (commands) =>
    after(
      {
        now: 0,
        left: 0,
        next: 0,
        isAsking: false,
        replacing: [],
        living: {},
        due: [],
        isDraining: false,
        isReleased: false,
      },
      commands,
    ),
  stimuli,
  key: ({ snapshot, facts: { now, ...facts } }) => {
    const { living, awaited, restarts, delayed, failedStarts } = unsafeCast<PoolContext>(snapshot.context);
    const isRecent = restarts.some((time) => now - time < BUDGET.within);
    return [snapshot.value, living, awaited, isRecent, Math.min(delayed, MAX_DELAYED), failedStarts, facts];
  },
  effects: ({ type, params }, { living }) => {
    const { rank, reason } = unsafeCast<{ rank: number; reason: string }>(params ?? {});
    switch (type) {
      case 'askForRanks':
        return ['ask for a rank'];
      case 'askForReplacement':
        return [`ask for a replacement of ${rank}`];
      case 'startWorker':
        return [`order ${rank}`];
      case 'askWorkersToLeave':
        return Object.keys(living).map((each) => `leave ${each}`);
      case 'releaseWorkers':
        return Object.keys(living).map((each) => `release ${each}`);
      case 'notifyStopped':
        return [`stopped: ${reason}`];
      default:
        return [];
    }
  },
  timers: ({ due, isDraining }) => [
    ...due.map(({ milliseconds }) => milliseconds),
    ...(isDraining ? [DRAIN_MS] : []),
  ],
  openFixture: () => new PoolFixture(workers, budget),
  timersOf: ({ timers }) =>
    Array.from(timers, ({ milliseconds }) => milliseconds).filter(
      (each) => each === DRAIN_MS || each <= BUDGET.maxDelay,
    ),
});
