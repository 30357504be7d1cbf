import { workerProcessMachine } from '../../../src/machines/pool/worker-process.ts';
import type { WorkerEnd } from '../../../src/machines/pool/worker-process-setup.ts';
import type { CallSeen } from '../../../src/client/worker/worker-messages.ts';
import { unsafeCast } from '../../../src/client/unsafe-cast.ts';
import { PoolFixture } from './stage.ts';
import type { Command, PoolModel, Situation, Stimulus } from './walk.ts';

const RANK = 3;
const DRAIN_MS = 7_777;
const HOW = 'exit status 1';
const TOLD_TO_GO = 'the workers were told to go';

interface Facts {
  /** The mark of the batch. */
  readonly mark: 'no' | 'ask' | 'kill';
  /** The request to the pool, which it gets once. */
  readonly isDraining: boolean;
  readonly isStopping: boolean;
  /** Milliseconds of the running timer. */
  readonly timer: number | undefined;
}

const CALL: CallSeen = { call: 5, batch: '7', at: 2, limit: 1_000, isLoading: false };

function timerAfter(timer: number | undefined, commands: readonly Command[]): number | undefined {
  let now = timer;
  for (const { type, params } of commands) {
    if (type === 'startTimer') now = unsafeCast<{ milliseconds: number }>(params).milliseconds;
    if (type === 'stopTimer') now = undefined;
  }
  return now;
}

function stimuli({ snapshot, facts }: Situation<Facts>): Stimulus<Facts>[] {
  const { mark, isDraining, isStopping, timer } = facts;
  const one = (
    name: string,
    event: Stimulus<Facts>['event'],
    act: Stimulus<Facts>['act'],
    changes: Partial<Facts> = {},
    alongside: readonly string[] = [],
  ): Stimulus<Facts> => ({
    name,
    event,
    act,
    alongside,
    change: (commands) => {
      const after = { ...facts, ...changes };
      return { ...after, timer: timerAfter(after.timer, commands) };
    },
  });
  const says = (
    name: string,
    message: Parameters<ReturnType<PoolFixture['child']>['say']>[0],
    event: object,
  ) => one(name, { type: name.split(',')[0] ?? name, ...event }, (stage) => stage.child(RANK).say(message));
  const lasts = (name: string, changes: Partial<CallSeen>): Stimulus<Facts> => {
    const seen = { ...CALL, ...changes };
    return says(name, { type: 'call', ...seen }, { ...seen, limit: seen.limit ?? Infinity, cancelled: mark });
  };
  const cancels = (how: 'ask' | 'kill'): Stimulus<Facts> =>
    one(
      `batch.cancelled, ${how}`,
      { type: 'batch.cancelled', batch: CALL.batch, how },
      (stage) => stage.pool.setCancelled({ [CALL.batch]: how }),
      { mark: how },
    );
  const leaves = (why: 'max-tasks' | 'not-loaded'): Stimulus<Facts> =>
    says(`worker.leaving, ${why}`, { type: 'leaving', why, words: '' }, { why, words: '' });
  const all = [
    ...(snapshot.matches('starting') ? [says('worker.registered', { type: 'ready' }, {})] : []),
    ...(snapshot.matches('ready')
      ? [
          lasts('call.lasts', {}),
          lasts('call.lasts, loading', { isLoading: true }),
          lasts('call.lasts, unlimited', { limit: null }),
        ]
      : []),
    says('call.ended', { type: 'idle' }, {}),
    says('call.condemned', { type: 'condemned', call: 5 }, { call: 5 }),
    says('call.condemned, another', { type: 'condemned', call: 4 }, { call: 4 }),
    leaves('max-tasks'),
    leaves('not-loaded'),
    one(
      'child.ended',
      { type: 'child.ended', how: HOW, company: 'alone', killedFor: '' },
      (stage) => stage.child(RANK).end(HOW),
      { timer: undefined },
      [`stopped: ${isDraining || isStopping ? TOLD_TO_GO : `every worker has ended; the last one: ${HOW}`}`],
    ),
  ];
  if (mark === 'no') all.push(cancels('ask'));
  if (mark !== 'kill') all.push(cancels('kill'));
  if (timer !== undefined && timer !== Infinity)
    all.push(
      one('timer.elapsed', { type: 'timer.elapsed' }, (stage) => stage.elapse(timer), { timer: undefined }),
    );
  if (!isDraining && !isStopping)
    all.push(
      one('leave.asked', { type: 'leave.asked' }, (stage) => stage.pool.drain(DRAIN_MS), {
        isDraining: true,
      }),
    );
  if (!isStopping)
    all.push(
      one('release.asked', { type: 'release.asked' }, (stage) => stage.pool.stop(), { isStopping: true }),
    );
  return all;
}

/** One worker of a pool without replacements. */
export const workerProcessModel: PoolModel<Facts> = {
  machine: workerProcessMachine,
  input: undefined,
  begin: (commands) => ({
    mark: 'no',
    isDraining: false,
    isStopping: false,
    timer: timerAfter(undefined, commands),
  }),
  stimuli,
  key: ({ snapshot: { value, context }, facts }) => [value, context, String(facts.timer), facts],
  effects: ({ type, params }) => {
    switch (type) {
      case 'condemnCall':
        return [`condemn ${RANK}, call ${unsafeCast<{ call: number }>(params).call}`];
      case 'askToLeave':
        return [`leave ${RANK}`];
      case 'releaseProcess':
        return [`release ${RANK}`];
      case 'killProcess':
        return [`kill ${RANK}`];
      case 'reportEnd': {
        const { how, task, why, at } = unsafeCast<{ end: WorkerEnd }>(params).end;
        return [`report ${RANK}: ${how}, ${task}, ${why}, at ${at}`];
      }
      default:
        return [];
    }
  },
  timers: ({ timer }) => (timer === undefined ? [] : [timer]),
  openFixture: async () => {
    const stage = new PoolFixture(1, undefined);
    stage.answer(undefined, RANK);
    return Promise.resolve(stage);
  },
  // When a worker ends the pool has timers of its own.
  timersOf: (stage) =>
    stage.child(RANK).hasEnded
      ? []
      : Array.from(stage.timers, ({ milliseconds }) => milliseconds).filter((each) => each !== DRAIN_MS),
};
