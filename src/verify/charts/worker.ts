import { workerMachine } from '../../machines/worker.ts';
import { VARIABLE, VERB } from '../../wire/names.ts';
import { AFTER_PERIOD, Job, period, SUPERVISOR, type Group } from '../job.ts';
import {
  causes,
  changesNothing,
  OUT_OF_BOUNDS,
  impossible,
  type ChartModel,
  type Stimulus,
} from '../model.ts';
import { NO_TASK, SLEIGH_DEAD, WORKER_DEAD } from './replies.ts';
import {
  endSleigh,
  mustBeToldOfDeath,
  refusesStranger,
  reportDeath,
  sentinelLeaves,
  workerLeaves,
  WorkerFixture,
} from './worker-fixture.ts';
import { dies, replaces, reports } from './worker-ends.ts';
import {
  asked,
  askForTask,
  hasSession,
  BLOCKED,
  isAwaited,
  isFinal,
  isRegistered,
  offer,
  type Act,
  type At,
  type Context,
  type Facts,
  type Variant,
} from './worker-tasks.ts';

/** Every request in a deleted workspace is refused in the same way. */
const unlessDeleted =
  (comesTo: (at: At) => Act) =>
  (at: At): Act => {
    if (at.facts.deleted) return changesNothing(({ job }) => job.mustBeDeleted());
    return at.facts.isReplaced ? impossible('somebody else has its rank') : comesTo(at);
  };

const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
  pace: Pick<Stimulus<Context, Facts, WorkerFixture>, 'slow' | 'timed'> = {},
): Stimulus<Context, Facts, WorkerFixture> => ({ aims, comesTo: unlessDeleted(comesTo), ...pace });

/** The unfinished work of a worker when it ends (S17). */
const OWES_NOTHING = { tasks: 0, copies: 0 };
const OWES_TASK = { tasks: 1, copies: 0 };

/** S17: in an elastic group a worker without unfinished work may leave. */
const mayLeave = ({ state, facts }: At, { isElastic }: Variant): boolean =>
  isElastic && state !== 'registered.busy' && !facts.hasTask;

/** S18: a worker comes back, after its connection has closed or before the server knows of that. */
function comesBack(at: At, variant: Variant, knowsTask: boolean): Act {
  const { facts, state } = at;
  if (!variant.mayReturn) return impossible('it told no session');
  if (!isRegistered(at)) return impossible('it is not registered');
  const hasTask = facts.hasTask || state === 'registered.busy';
  if (knowsTask && !hasTask) return impossible('it has no task');
  const isAgain = hasTask && !knowsTask && !facts.over;
  const doing = knowsTask ? 1 : undefined;
  const event = { type: 'registration.asked', session: 'same', doing, has: hasTask ? 1 : undefined };
  const again = [asked(true, true), { type: 'result.stored' }];
  const after = { ...facts, isConnected: true, hasTask: false };
  return causes(isAgain ? [event, ...again] : [event], after, async (stage) => {
    const { batch } = stage;
    await stage.comeBack(state, facts.isConnected, knowsTask);
    if (isAgain) await stage.mustGetAgain(batch);
  });
}

const stimuliOf = (variant: Variant): ChartModel<Context, Facts, WorkerFixture>['stimuli'] => ({
  'registration.asked': stimulus(['registration.asked'], (at) => {
    const { facts, state } = at;
    const event = { type: 'registration.asked', sendsSession: variant.mayReturn };
    if (isAwaited(at)) return causes([event], facts, (stage) => stage.register());
    if (facts.closed) return changesNothing(refusesStranger('group closed'));
    if (isRegistered(at)) return causes([event], facts, refusesStranger('duplicate worker id'));
    return changesNothing(refusesStranger(`the worker of rank 0 is ${state}`));
  }),
  'registration.asked, comes back to its task': stimulus(['registration.asked'], (at) =>
    comesBack(at, variant, true),
  ),
  'registration.asked, comes back without a task': stimulus(['registration.asked'], (at) =>
    comesBack(at, variant, false),
  ),
  'task.asked, one is there': stimulus(['task.asked'], askForTask('one is there', variant)),
  'task.asked, none, it waits': stimulus(['task.asked'], askForTask('none, it waits', variant)),
  'task.asked, none, it does not wait': stimulus(
    ['task.asked'],
    askForTask('none, it does not wait', variant),
  ),
  'task.offered': stimulus(['task.offered'], offer(VARIABLE.task, variant)),
  'task.offered, a broadcast': stimulus(['task.offered'], (at) =>
    variant.mayReturn || variant.isSupervised ? OUT_OF_BOUNDS : offer(VARIABLE.broadcast, variant)(at),
  ),
  'result.stored': stimulus(['result.stored'], (at) => {
    const { facts, state } = at;
    if (state === 'registered.waiting') return BLOCKED;
    const event = { type: 'result.stored' };
    if (state === 'registered.busy')
      return causes([event], facts, async ({ job, worker, batch }) => {
        await job.mustStore(worker, [VARIABLE.result, 'done'], {}, { batchId: batch });
        // S14: while the sleigh shuts down it is counted, and no client can fetch it.
        if (!facts.over) await job.mustHaveResult(batch, '0', { value: 'done', isNull: false });
      });
    const refuse = (stage: WorkerFixture) =>
      stage.asSomebody(facts.isConnected, (who) =>
        stage.job.mustStore(who, [VARIABLE.result, 'none'], NO_TASK),
      );
    return state === 'registered.idle' ? causes([event], facts, refuse) : changesNothing(refuse);
  }),
  'group.closed': stimulus(['group.closed'], (at) => {
    const { facts } = at;
    if (variant.isElastic) return impossible('an elastic group never closes (S17)');
    if (variant.mayReturn) return OUT_OF_BOUNDS;
    if (facts.closed) return impossible('a group closes once');
    if (facts.joining) return impossible('the join phase that a broadcast began takes a minute (S5)');
    const events = isAwaited(at) ? [{ type: 'group.closed' }] : [];
    return causes(events, { ...facts, closed: true }, async ({ job }) => {
      const value = isRegistered(at) ? '1' : '0';
      await job.mustGet(job.master, [VERB.find, VARIABLE.status], { value }, { delay: '0' });
    });
  }),
  'sentinel.gone': stimulus(['sentinel.gone', 'waiting.ended'], (at) => {
    const { state } = at;
    if (!at.facts.sentinelIsThere) return impossible('it has gone');
    const facts = { ...at.facts, sentinelIsThere: false };
    const gone = { type: 'sentinel.gone', sleigh: facts.over ? 'shutsDown' : 'serves' };
    if (isAwaited(at)) return causes([gone], facts, sentinelLeaves);
    if (!isRegistered(at)) return causes([], facts, sentinelLeaves);
    if (!facts.over) {
      const goes = async (stage: WorkerFixture): Promise<void> => {
        await sentinelLeaves(stage);
        await mustBeToldOfDeath(stage, state);
      };
      if (mayLeave(at, variant)) return causes([{ ...gone, ...OWES_NOTHING }], facts, goes);
      return dies(variant)({ ...gone, ...OWES_TASK }, { ...facts, hasTask: false }, goes);
    }
    const events = [gone, { type: 'waiting.ended' }];
    if (state !== 'registered.waiting') return causes(events, facts, sentinelLeaves);
    return causes(events, facts, async (stage) => {
      await sentinelLeaves(stage);
      await stage.job.mustBeTold('the worker whose sentinel has left', stage.pending, SLEIGH_DEAD);
    });
  }),
  'connection.closed': stimulus(['connection.closed', 'left'], (at) => {
    const { state } = at;
    if (!at.facts.isConnected) return impossible('it has closed');
    const facts = { ...at.facts, isConnected: false };
    if (isRegistered(at)) {
      if (facts.over) return causes([{ type: 'left' }], facts, workerLeaves);
      const leaves = mayLeave(at, variant);
      const owing = leaves ? OWES_NOTHING : OWES_TASK;
      const event = { type: 'connection.closed', ...owing };
      const hasTask = state === 'registered.busy';
      if (variant.mayReturn || variant.isSupervised)
        return causes([event], { ...facts, hasTask }, workerLeaves);
      if (leaves) return causes([event], facts, workerLeaves);
      return dies(variant)({ type: 'connection.closed' }, facts, workerLeaves);
    }
    if (isAwaited(at))
      return changesNothing(async (stage) => {
        await workerLeaves(stage);
        stage.worker = await stage.job.guest();
      });
    return causes([], facts, workerLeaves);
  }),
  'death.reported': stimulus(['death.reported'], (at) => {
    const { facts, state } = at;
    // S14: workers leave instead of dying.
    if (facts.over || isFinal(at)) return changesNothing(reportDeath);
    const event = { type: 'death.reported', task: 'tried' };
    if (isAwaited(at)) return causes([event], facts, reportDeath);
    return dies(variant)(event, { ...facts, hasTask: false }, async (stage) => {
      await reportDeath(stage);
      await mustBeToldOfDeath(stage, state);
    });
  }),
  'death.reported, untried': stimulus(['death.reported'], reports('untried', variant)),
  'death.reported, failed': stimulus(['death.reported'], reports('failed', variant)),
  'death.reported, declined': stimulus(['death.reported'], reports('declined', variant)),
  'rank.replaced': stimulus(['rank.replaced'], replaces(variant)),
  'return.elapsed': stimulus(
    ['return.elapsed'],
    (at) => {
      if (at.state !== 'registered.disconnected') return impossible('it is not lost');
      const leaves = mayLeave(at, variant);
      const event = { type: 'return.elapsed', ...(leaves ? OWES_NOTHING : OWES_TASK) };
      const over = at.facts.over || (at.facts.closed && !leaves && !variant.isSupervised);
      return causes([event], { ...at.facts, hasTask: false, over }, ({ job }) =>
        job.mustRead(VARIABLE.rankCount, '0', AFTER_PERIOD),
      );
    },
    // The period for a report is fixed; the creator of the sleigh chooses the other one.
    variant.isSupervised ? { slow: true } : { timed: true },
  ),
  'the sleigh is over': stimulus([], ({ facts, state }) => {
    if (facts.over) return changesNothing(endSleigh);
    // S18: a disconnected worker has left.
    const events = state === 'registered.disconnected' ? [{ type: 'left' }] : [];
    return causes(events, { ...facts, over: true, hasTask: false }, endSleigh);
  }),
  'the drain period ends': stimulus(
    ['waiting.ended'],
    ({ facts, state }) =>
      !variant.isSupervised &&
      facts.over &&
      !facts.drained &&
      facts.sentinelIsThere &&
      state === 'registered.waiting'
        ? causes([{ type: 'waiting.ended' }], { ...facts, drained: true }, async ({ job, pending }) => {
            await job.mustBeTold(
              'the worker, when the drain period ends',
              pending,
              SLEIGH_DEAD,
              AFTER_PERIOD,
            );
          })
        : impossible('nobody waits for a task then'),
    { slow: true },
  ),
  'the workspace is deleted': stimulus(['left'], (at) => {
    if (variant.isSupervised && at.state !== 'replacing') return OUT_OF_BOUNDS;
    const events = isFinal(at) ? [] : [{ type: 'left' }];
    return causes(events, { ...at.facts, deleted: true }, async ({ job, pending }) => {
      await job.delete();
      if (at.state === 'registered.waiting')
        await job.mustBeTold('the worker, when the workspace is deleted', pending, {
          status: '0001',
          reason: 'Variable purged.',
        });
    });
  }),
});

const phaseOf = ({ closed, joining }: Facts): string => (closed ? 'closed' : joining ? 'joining' : 'open');

const check =
  (group: Group | undefined, { isElastic }: Variant) =>
  async ({ job, pending, worker }: WorkerFixture, at: At): Promise<void> => {
    const { facts, state } = at;
    if (facts.deleted) return job.mustBeDeleted();
    await Promise.all([
      job.mustBeListed('Worker 0', facts.isReplaced ? undefined : group),
      job.mustRead(VARIABLE.rankCount, isRegistered(at) ? '1' : '0'),
      job.mustRun(state === 'registered.busy' || facts.hasTask ? 1 : 0),
      job.mustRead(VARIABLE.joinStatus, isElastic ? 'elastic' : phaseOf(facts)),
    ]);
    if (state === 'registered.waiting') job.mustWait('the worker', pending);
    if (state === 'dead' && facts.isConnected)
      await job.mustGet(worker, [VERB.fetchTry, VARIABLE.result], facts.over ? SLEIGH_DEAD : WORKER_DEAD);
  };

/** Seconds: short if the test path waits for the end of the grace period. */
const SHORT = 1;

const modelFor = (variant: Variant): ChartModel<Context, Facts, WorkerFixture> => {
  const { isElastic, mayReturn, isSupervised } = variant;
  return {
    variant: [isElastic ? 'elastic' : 'closing', mayReturn && 'may come back', isSupervised && 'supervised']
      .filter((word) => word !== false)
      .join(', '),
    machine: workerMachine,
    input: { rank: 0, isSupervised, isElastic, reconnectGrace: mayReturn ? SHORT : 0 },
    facts: {
      over: false,
      joining: false,
      closed: false,
      deleted: false,
      drained: false,
      sentinelIsThere: true,
      isConnected: true,
      hasTask: false,
      isReplaced: false,
    },
    stimuli: stimuliOf(variant),
    checks: {
      reserved: check(undefined, variant),
      replacing: check(undefined, variant),
      'registered.idle': check('Idle workers', variant),
      'registered.waiting': check('Blocked workers', variant),
      'registered.busy': check('Active workers', variant),
      'registered.disconnected': check('Lost workers', variant),
      deadbeat: check(undefined, variant),
      dead: check('Dead workers', variant),
      left: check(undefined, variant),
    },
    key: ({ state, facts }) => (facts.deleted ? ['deleted', state] : [state, facts]),
    bound: 'one worker; a task at a time; the group of one that may come back stays open',
    simpleSteps: isSupervised ? 1 : isElastic || mayReturn ? 2 : 3,
    open: async (testPath) => {
      const job = await Job.open(testPath.target.server, {
        onDeadWorker: 'null',
        join: isElastic ? 'elastic' : 'closing',
        reconnectGrace: mayReturn ? period(testPath, SHORT, 300) : '0',
      });
      const description = mayReturn ? { session: 'its own' } : {};
      return WorkerFixture.open(job, isSupervised ? SUPERVISOR : {}, description, hasSession(variant));
    },
  };
};

/** With and without an elastic group (S17); one that may come back (S18), and one with a supervising sentinel (S19). */
export const workerModels = [
  modelFor({ isElastic: false, mayReturn: false, isSupervised: false }),
  modelFor({ isElastic: false, mayReturn: true, isSupervised: false }),
  modelFor({ isElastic: true, mayReturn: false, isSupervised: false }),
  modelFor({ isElastic: true, mayReturn: true, isSupervised: false }),
  modelFor({ isElastic: false, mayReturn: false, isSupervised: true }),
  modelFor({ isElastic: true, mayReturn: false, isSupervised: true }),
];
