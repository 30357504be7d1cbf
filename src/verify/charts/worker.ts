import { workerMachine } from '../../machines/worker.ts';
import { AFTER_PERIOD, Job, type Group } from '../job.ts';
import { eventually } from '../mismatch.ts';
import {
  causes,
  changesNothing,
  impossible,
  type ChartModel,
  type Effect,
  type Situation,
  type Stimulus,
} from '../model.ts';
import {
  endSleigh,
  mustBeToldOfDeath,
  NO_TASK,
  NO_VALUE,
  refusesStranger,
  reportDeath,
  sentinelLeaves,
  SLEIGH_DEAD,
  WORKER_DEAD,
  workerLeaves,
  WorkerStage,
} from './worker-stage.ts';

/** What of its sleigh decides what a worker can be told. The policy is `null`. */
interface Facts {
  readonly over: boolean;
  /** A broadcast has begun the join phase, which takes a minute then (S5). */
  readonly joining: boolean;
  readonly closed: boolean;
  readonly deleted: boolean;
  readonly drained: boolean;
  readonly sentinelIsThere: boolean;
  readonly isConnected: boolean;
}

interface Context {
  readonly rank: number;
}

type At = Situation<Context, Facts>;
type Act = Effect<Facts, WorkerStage>;

const isRegistered = ({ state }: At): boolean => state.startsWith('registered');
const isFinal = ({ state }: At): boolean => ['deadbeat', 'dead', 'left'].includes(state);

/** Everything in a workspace that is deleted is refused alike. */
const unlessDeleted =
  (comesTo: (at: At) => Act) =>
  (at: At): Act =>
    at.facts.deleted ? changesNothing(({ job }) => job.mustBeDeleted()) : comesTo(at);

const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
  pace: Pick<Stimulus<Context, Facts, WorkerStage>, 'slow'> = {},
): Stimulus<Context, Facts, WorkerStage> => ({ aims, comesTo: unlessDeleted(comesTo), ...pace });

const BLOCKED = impossible('its connection is blocked (P5.3)');

const asked = (available: boolean, waits: boolean) => ({ type: 'task.asked', available, ask: { waits } });

type Availability = 'one is there' | 'none, it waits' | 'none, it does not wait';

function askForTask(wanted: Availability): (at: At) => Act {
  const waits = wanted !== 'none, it does not wait';
  const event = asked(wanted === 'one is there', waits);
  const ask = async (stage: WorkerStage): Promise<void> => {
    const { job, worker } = stage;
    if (wanted === 'none, it waits') return stage.wait();
    if (wanted === 'none, it does not wait') {
      await job.mustGet(worker, ['fetchTry', 'task'], NO_VALUE);
      return;
    }
    stage.batch = await stage.storeTask('task');
    await job.mustGet(worker, ['fetch', 'task'], { value: stage.batch });
  };
  return (at) => {
    const { facts, state } = at;
    const verb = waits ? 'fetch' : 'fetchTry';
    if (state === 'registered.waiting') return BLOCKED;
    if (facts.over)
      return changesNothing((stage) =>
        stage.asSomebody(facts.isConnected, async (who) => {
          await stage.job.mustGet(who, [verb, 'task'], SLEIGH_DEAD);
        }),
      );
    switch (state) {
      case 'registered.idle':
        return causes([event], facts, ask);
      case 'registered.busy':
        // S7.1: it has failed the one that it has, and asks for another.
        return causes([asked(false, waits), event], facts, async (stage) => {
          const failed = stage.batch;
          await ask(stage);
          await stage.mustHaveFailedTask(failed);
        });
      case 'dead':
        return facts.isConnected
          ? changesNothing(async ({ job, worker }) => {
              await job.mustGet(worker, [verb, 'task'], WORKER_DEAD);
            })
          : impossible('its connection has closed');
      default:
        return askAsNobody(wanted);
    }
  };
}

/** S7: who is no worker never gets a task. */
const askAsNobody = (wanted: Availability): Act => {
  if (wanted === 'one is there')
    return impossible('who is no worker gets none, and it would lie there for others');
  return changesNothing(({ job }) =>
    job.asStranger(async (stranger) => {
      if (wanted === 'none, it does not wait') {
        await job.mustGet(stranger, ['fetchTry', 'task'], NO_VALUE);
        return;
      }
      const pending = job.beginToGet(stranger, 'fetch', 'task');
      await eventually(async () =>
        (await job.listed('task')).fetchers === 1 ? undefined : 'a get of task is not listed as waiting',
      );
      job.mustWait('who is no worker', pending);
    }),
  );
};

const offer =
  (variable: 'task' | 'broadcast') =>
  (at: At): Act => {
    const { facts, state } = at;
    if (facts.over)
      return changesNothing(({ job }) =>
        job.mustStore(job.master, [variable, 'late'], {
          status: '5001',
          reason: 'Store failed: sleigh is shutting down.',
        }),
      );
    if (state !== 'registered.waiting') return impossible('only who waits is offered one');
    const joining = facts.joining || (variable === 'broadcast' && !facts.closed);
    return causes([{ type: 'task.offered', ask: { waits: true } }], { ...facts, joining }, async (stage) => {
      stage.batch = await stage.storeTask(variable);
      await stage.job.mustBeTold('the worker that waits for a task', stage.pending, { value: stage.batch });
    });
  };

/** S13, S14: what becomes of a worker when somebody goes. */
const dies = (type: string, facts: Facts, act: (stage: WorkerStage) => Promise<void>): Act =>
  // It is the last one of its group: if that is closed, the sleigh ends with it.
  causes([{ type }], { ...facts, over: facts.over || facts.closed }, act);

const stimuli: ChartModel<Context, Facts, WorkerStage>['stimuli'] = {
  'registration.asked': stimulus(['registration.asked'], (at) => {
    const { facts, state } = at;
    const event = { type: 'registration.asked' };
    if (state === 'declared')
      return causes([event], facts, ({ job, worker }) => job.mustStore(worker, ['worker_ids', '0']));
    if (facts.closed) return changesNothing(refusesStranger('group closed'));
    if (isRegistered(at)) return causes([event], facts, refusesStranger('duplicate worker id'));
    return changesNothing(refusesStranger(`the worker of rank 0 is ${state}`));
  }),
  'task.asked, one is there': stimulus(['task.asked'], askForTask('one is there')),
  'task.asked, none, it waits': stimulus(['task.asked'], askForTask('none, it waits')),
  'task.asked, none, it does not wait': stimulus(['task.asked'], askForTask('none, it does not wait')),
  'task.offered': stimulus(['task.offered'], offer('task')),
  'task.offered, a broadcast': stimulus(['task.offered'], offer('broadcast')),
  'result.stored': stimulus(['result.stored'], (at) => {
    const { facts, state } = at;
    if (state === 'registered.waiting') return BLOCKED;
    const event = { type: 'result.stored' };
    if (state === 'registered.busy')
      return causes([event], facts, async ({ job, worker, batch }) => {
        await job.mustStore(worker, ['result', 'done'], {}, { batchId: batch });
        // S14: while the sleigh shuts down it is counted, and nobody can get it.
        if (!facts.over) await job.mustHaveResult(batch, '0', { value: 'done', isNull: false });
      });
    const refuse = (stage: WorkerStage) =>
      stage.asSomebody(facts.isConnected, (who) => stage.job.mustStore(who, ['result', 'none'], NO_TASK));
    return state === 'registered.idle' ? causes([event], facts, refuse) : changesNothing(refuse);
  }),
  'group.closed': stimulus(['group.closed'], (at) => {
    const { facts, state } = at;
    if (facts.closed) return impossible('a group closes once');
    if (facts.joining) return impossible('the join phase that a broadcast began takes a minute (S5)');
    const events = state === 'declared' ? [{ type: 'group.closed' }] : [];
    return causes(events, { ...facts, closed: true }, async ({ job }) => {
      const value = isRegistered(at) ? '1' : '0';
      await job.mustGet(job.master, ['find', 'status'], { value }, { delay: '0' });
    });
  }),
  'sentinel.gone': stimulus(['sentinel.gone', 'waiting.ended'], (at) => {
    const { state } = at;
    if (!at.facts.sentinelIsThere) return impossible('it has gone');
    const facts = { ...at.facts, sentinelIsThere: false };
    if (state === 'declared') return causes([{ type: 'sentinel.gone' }], facts, sentinelLeaves);
    if (!isRegistered(at)) return causes([], facts, sentinelLeaves);
    if (!facts.over)
      return dies('sentinel.gone', facts, async (stage) => {
        await sentinelLeaves(stage);
        await mustBeToldOfDeath(stage, state);
      });
    if (state !== 'registered.waiting') return causes([], facts, sentinelLeaves);
    return causes([{ type: 'waiting.ended' }], facts, async (stage) => {
      await sentinelLeaves(stage);
      await stage.job.mustBeTold('the worker whose sentinel has left', stage.pending, SLEIGH_DEAD);
    });
  }),
  'connection.closed': stimulus(['connection.closed', 'departed'], (at) => {
    const { state } = at;
    if (!at.facts.isConnected) return impossible('it has closed');
    const facts = { ...at.facts, isConnected: false };
    if (isRegistered(at))
      return facts.over
        ? causes([{ type: 'departed' }], facts, workerLeaves)
        : dies('connection.closed', facts, workerLeaves);
    if (state === 'declared')
      return changesNothing(async (stage) => {
        await workerLeaves(stage);
        stage.worker = await stage.job.guest();
      });
    return causes([], facts, workerLeaves);
  }),
  'death.reported': stimulus(['death.reported'], (at) => {
    const { facts, state } = at;
    // S14: nobody dies any more.
    if (facts.over || isFinal(at)) return changesNothing(reportDeath);
    if (state === 'declared') return causes([{ type: 'death.reported' }], facts, reportDeath);
    return dies('death.reported', facts, async (stage) => {
      await reportDeath(stage);
      await mustBeToldOfDeath(stage, state);
    });
  }),
  'the sleigh is over': stimulus([], ({ facts }) => {
    return facts.over ? changesNothing(endSleigh) : causes([], { ...facts, over: true }, endSleigh);
  }),
  'the drain period ends': stimulus(
    ['waiting.ended'],
    ({ facts, state }) =>
      facts.over && !facts.drained && facts.sentinelIsThere && state === 'registered.waiting'
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
  'the workspace is deleted': stimulus(['departed'], (at) => {
    const events = isFinal(at) ? [] : [{ type: 'departed' }];
    return causes(events, { ...at.facts, deleted: true }, async ({ job, pending }) => {
      await job.delete();
      if (at.state === 'registered.waiting')
        await job.mustBeTold('the worker, when the workspace is deleted', pending, {
          status: '0001',
          reason: 'Variable purged.',
        });
    });
  }),
};

const check =
  (group: Group | undefined) =>
  async ({ job, pending, worker }: WorkerStage, at: At): Promise<void> => {
    const { facts, state } = at;
    if (facts.deleted) return job.mustBeDeleted();
    await Promise.all([
      job.mustBeListed('Worker 0', group),
      job.mustRead('rankCount', isRegistered(at) ? '1' : '0'),
      job.mustRun(state === 'registered.busy' ? 1 : 0),
      job.mustRead('join_status', facts.closed ? 'closed' : facts.joining ? 'joining' : 'open'),
    ]);
    if (state === 'registered.waiting') job.mustWait('the worker', pending);
    if (state === 'dead' && facts.isConnected)
      await job.mustGet(worker, ['fetchTry', 'result'], facts.over ? SLEIGH_DEAD : WORKER_DEAD);
  };

export const workerModel: ChartModel<Context, Facts, WorkerStage> = {
  variant: '',
  machine: workerMachine,
  input: { rank: 0 },
  facts: {
    over: false,
    joining: false,
    closed: false,
    deleted: false,
    drained: false,
    sentinelIsThere: true,
    isConnected: true,
  },
  stimuli,
  checks: {
    declared: check(undefined),
    'registered.idle': check('Idle workers'),
    'registered.waiting': check('Blocked workers'),
    'registered.busy': check('Active workers'),
    deadbeat: check(undefined),
    dead: check('Dead workers'),
    left: check(undefined),
  },
  key: ({ state, facts }) => (facts.deleted ? ['deleted', state] : [state, facts]),
  bound: 'one worker; a task at a time',
  simpleSteps: 3,
  open: async ({ grounds }) => WorkerStage.open(await Job.open(grounds.server, { onDeadWorker: 'null' })),
};
