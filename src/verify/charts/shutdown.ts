import { shutdownMachine, type DeathPolicy } from '../../machines/shutdown.ts';
import { VARIABLE, VERB } from '../../wire/names.ts';
import { period } from '../job.ts';
import { eventually, mustHold } from '../mismatch.ts';
import {
  OUT_OF_BOUNDS,
  causes,
  changesNothing,
  impossible,
  type ChartModel,
  type Effect,
  type Situation,
  type Stimulus,
} from '../model.ts';
import { SLEIGH_DEAD } from './replies.ts';
import { ShutdownFixture } from './shutdown-fixture.ts';

interface Context {
  readonly policy: DeathPolicy;
  readonly living: number;
  readonly groupClosed: boolean;
  readonly isSupervised: boolean;
}

interface Facts {
  /** The server has stopped. */
  readonly stopped: boolean;
  /** The supervising sentinel is connected (S19). */
  readonly isThere: boolean;
}

type At = Situation<Context, Facts>;
type Act = Effect<Facts, ShutdownFixture>;
type Pace = Pick<Stimulus<Context, Facts, ShutdownFixture>, 'timed' | 'slow'>;

interface Variant {
  readonly policy: DeathPolicy;
  /** Workers without a task may leave at any time (S17). */
  readonly isElastic: boolean;
  /** Their sentinel supervises them (S19). */
  readonly isSupervised: boolean;
}

/** The maximum number of registered workers. */
const MAX_LIVING = 2;

const isUp = ({ state }: At): boolean => state.startsWith('up');

const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
  pace: Pace = {},
): Stimulus<Context, Facts, ShutdownFixture> => ({
  aims,
  ...pace,
  comesTo: (at) => (at.facts.stopped ? impossible('the server has stopped') : comesTo(at)),
});

/** S19: a grace period begins, because the last worker of the closed group has ended. */
const beginsGrace = (at: At, { living, groupClosed }: Partial<Context>): boolean =>
  isUp(at) && at.context.isSupervised && living === 0 && groupClosed === true;

/** The action, and its effect on the grace period. */
const andGrace =
  (begins: boolean, act: (stage: ShutdownFixture) => Promise<void>) =>
  async (stage: ShutdownFixture): Promise<void> => {
    await act(stage);
    if (begins) stage.beginGrace();
  };

const NOBODY = impossible('nobody is registered');

/** A death while the job serves; afterwards the worker has left (S14). */
const leaves =
  (aim: 'connection' | 'report' | 'sentinel', { isElastic, isSupervised }: Variant) =>
  (at: At): Act => {
    const { facts, context } = at;
    if (context.living === 0) return NOBODY;
    if (aim === 'connection' && isSupervised && isUp(at)) return OUT_OF_BOUNDS;
    const { groupClosed } = context;
    if (aim === 'connection') {
      const type = isUp(at) && !isElastic ? 'worker.died' : 'worker.left';
      return causes([{ type }], facts, (stage) => stage.loseWorker());
    }
    if (aim === 'report') {
      const begins = beginsGrace(at, { living: context.living - 1, groupClosed });
      const report = andGrace(begins, (stage) => stage.reportDeath({ isTrue: isUp(at) }));
      return isUp(at) ? causes([{ type: 'worker.died' }], facts, report) : changesNothing(report);
    }
    const begins = beginsGrace(at, { living: 0, groupClosed });
    const leave = andGrace(begins, (stage) => stage.loseSentinel({ withWorkers: isUp(at) }));
    if (!isUp(at)) return isSupervised ? OUT_OF_BOUNDS : changesNothing(leave);
    const type = isElastic ? 'worker.left' : 'worker.died';
    const deaths = Array.from({ length: context.living }, () => ({ type }));
    return causes(deaths, { ...facts, isThere: false }, leave);
  };

const stimuliOf = (variant: Variant): ChartModel<Context, Facts, ShutdownFixture>['stimuli'] => ({
  'worker.registered': stimulus(['worker.registered'], ({ facts, context }) => {
    if (context.groupClosed)
      return changesNothing(({ job }) =>
        job.asStranger((stranger) =>
          job.mustStore(stranger, [VARIABLE.workerIds, '0'], {
            status: '0001',
            reason: 'Worker registration failed: group closed.',
          }),
        ),
      );
    if (context.living === MAX_LIVING) return OUT_OF_BOUNDS;
    const began = variant.isSupervised && !facts.isThere ? [{ type: 'supervision.began' }] : [];
    return causes(
      [...began, { type: 'worker.registered' }],
      { ...facts, isThere: variant.isSupervised },
      (stage) => stage.register(variant),
    );
  }),
  'worker.died': stimulus(['worker.died', 'worker.left'], leaves('connection', variant)),
  'worker.died, as is reported': stimulus(['worker.died'], leaves('report', variant)),
  'worker.died, with its sentinel': stimulus(['worker.died'], leaves('sentinel', variant)),
  'task.failed': stimulus(['task.failed'], (at) => {
    const { facts, context } = at;
    if (context.living === 0) return NOBODY;
    if (!isUp(at)) return changesNothing((stage) => stage.mustGetNoTask());
    return causes([{ type: 'task.failed' }], facts, (stage) => stage.failTask(context.policy));
  }),
  'supervision.began': stimulus(['supervision.began'], ({ facts, context }) => {
    if (!variant.isSupervised) return impossible('no sentinel has a session');
    if (facts.isThere || context.groupClosed) return OUT_OF_BOUNDS;
    return causes([{ type: 'supervision.began' }], { ...facts, isThere: true }, async (stage) => {
      await stage.declare(variant);
    });
  }),
  'worker.left, as is reported': stimulus(['worker.left'], (at) => {
    const { facts, context } = at;
    if (!variant.isSupervised) return impossible('no sentinel has a session');
    if (context.living === 0) return NOBODY;
    const report = (stage: ShutdownFixture) => stage.reportEnd({ isTrue: isUp(at) });
    if (!isUp(at)) return changesNothing(report);
    const begins = beginsGrace(at, { ...context, living: context.living - 1 });
    return causes([{ type: 'worker.left' }], facts, andGrace(begins, report));
  }),
  'group.closed': stimulus(['group.closed'], (at) => {
    const { facts, context } = at;
    if (variant.isElastic) return impossible('an elastic group never closes (S17)');
    if (context.groupClosed) return impossible('a group closes once');
    const begins = beginsGrace(at, { ...context, groupClosed: true });
    const close = async ({ job }: ShutdownFixture): Promise<void> => {
      await job.mustGet(
        job.master,
        [VERB.find, VARIABLE.status],
        { value: String(context.living) },
        { delay: '0' },
      );
    };
    return causes([{ type: 'group.closed' }], facts, andGrace(begins, close));
  }),
  'grace.elapsed': stimulus(
    ['grace.elapsed'],
    ({ facts, state }) =>
      state === 'up.grace'
        ? causes([{ type: 'grace.elapsed' }], facts, (stage) => stage.graceIsOver)
        : impossible('the grace period is over'),
    { timed: true },
  ),
  'shutdown.requested': stimulus(['shutdown.requested'], (at) =>
    causes([{ type: 'shutdown.requested' }], at.facts, async (stage) => {
      await stage.job.mustStore(stage.job.master, [VARIABLE.rideOver, 'over']);
    }),
  ),
  'drain.elapsed': stimulus(
    ['drain.elapsed'],
    ({ facts, state }) =>
      state.startsWith('shuttingDown')
        ? causes([{ type: 'drain.elapsed' }], facts, (stage) => stage.endOfDrain())
        : impossible('there is no drain period then'),
    { slow: true },
  ),
  'server.stopping': stimulus(['server.stopping'], (at) =>
    causes(
      [{ type: 'server.stopping' }],
      { ...at.facts, stopped: true },
      (stage) => stage.stopServer({ isUp: isUp(at) }),
      'stop',
    ),
  ),
});

/** Whether the client that waited from the beginning has been answered, and the visible state of the job. */
const check =
  ({ told, by }: { told: boolean; by?: 'request' | 'itself' }) =>
  async (stage: ShutdownFixture, { state, context, facts }: At): Promise<void> => {
    const { job, waiter } = stage;
    if (told) await job.mustBeTold('who waits for a task', waiter, SLEIGH_DEAD);
    else job.mustWait('who waits for a task', waiter);
    if (facts.stopped) return mustHold(job.master.hasEnded, 'the server has stopped and keeps connections');
    await job.mustRead(VARIABLE.rankCount, String(context.living));
    const phase = await job.get(job.master, VERB.find, VARIABLE.joinStatus);
    const isRight = (phase.value === 'closed') === context.groupClosed;
    mustHold(isRight, `join_status is "${phase.value}", group closed: ${context.groupClosed}`);
    if (state.startsWith('up')) {
      const nothing = { status: '0001', reason: 'no value available.' };
      await job.mustGet(job.master, [VERB.fetchTry, VARIABLE.result], nothing, { batchId: 'of nobody' });
      await job.mustGet(job.master, [VERB.findTry, VARIABLE.rideOver], { status: '0001' });
      return;
    }
    await eventually(async () => {
      const { reason } = await job.get(job.master, VERB.fetchTry, VARIABLE.result);
      return reason === SLEIGH_DEAD.reason ? undefined : `a get of result: "${reason}", not "sleigh is dead"`;
    });
    await job.mustStore(job.master, [VARIABLE.task, 'late'], {
      status: '5001',
      reason: 'Store failed: sleigh is shutting down.',
    });
    if (by !== undefined)
      await job.mustGet(job.master, [VERB.findTry, VARIABLE.rideOver], {
        value: by === 'itself' ? '1' : 'over',
      });
    const { values } = await job.listed(VARIABLE.task);
    mustHold((state === 'over') === (values === 0), `${values} tasks are queued in ${state}`);
  };

/** Seconds: short if the test path waits for the end of the grace period. */
const SHORT = 1;

const modelFor = (variant: Variant): ChartModel<Context, Facts, ShutdownFixture> => ({
  variant: [variant.policy, variant.isElastic && 'elastic', variant.isSupervised && 'supervised']
    .filter((word) => word !== false)
    .join(', '),
  machine: shutdownMachine,
  input: { policy: variant.policy },
  facts: { stopped: false, isThere: false },
  stimuli: stimuliOf(variant),
  checks: {
    'up.grace': check({ told: false }),
    'up.running': check({ told: false }),
    'shuttingDown.byRequest': check({ told: false, by: 'request' }),
    'shuttingDown.byItself': check({ told: true, by: 'itself' }),
    over: check({ told: true }),
  },
  bound: `at most ${MAX_LIVING} workers registered at a time`,
  simpleSteps: variant.isSupervised ? 1 : 3,
  open: async (testPath) => {
    const grace = period(testPath, SHORT, 300);
    const { target, steps, tries } = testPath;
    const stops = steps.includes('server.stopping') || tries.includes('server.stopping');
    const server = stops && target.disposable !== undefined ? await target.disposable() : target.server;
    return ShutdownFixture.open(server, {
      onDeadWorker: variant.policy,
      join: variant.isElastic ? 'elastic' : 'closing',
      workerGracePeriod: grace,
      rankCount: '9',
    });
  },
});

/**
 * One for each policy (S13), an elastic group under the policy that reacts to deaths (S17), and supervised workers
 * (S19).
 */
export const shutdownModels = [
  modelFor({ policy: 'shutdown', isElastic: false, isSupervised: false }),
  modelFor({ policy: 'null', isElastic: false, isSupervised: false }),
  modelFor({ policy: 'shutdown', isElastic: true, isSupervised: false }),
  modelFor({ policy: 'null', isElastic: false, isSupervised: true }),
  modelFor({ policy: 'requeue', isElastic: false, isSupervised: false }),
];
