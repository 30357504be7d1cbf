import { fromTransition, type AnyStateMachine } from 'xstate';
import type { DeathPolicy } from '../../machines/shutdown.ts';
import { sleighMachine } from '../../machines/sleigh.ts';
import { VARIABLE, VERB } from '../../wire/names.ts';
import { mustHold } from '../mismatch.ts';
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
}

/** One sentinel and one worker. */
interface Facts {
  readonly worker: 'reserved' | 'registered' | 'gone';
  readonly sentinelIsThere: boolean;
  readonly isClosed: boolean;
  /** It shut down by itself: waiting workers were answered at once. */
  readonly byItself: boolean;
  readonly drained: boolean;
  readonly stopped: boolean;
}

type At = Situation<Context, Facts>;
type Act = Effect<Facts, ShutdownFixture>;

const DONE_WORKER = { type: 'xstate.done.actor.worker.0' };
const DONE_SENTINEL = { type: 'xstate.done.actor.sentinel.0' };
const EXPIRED = { type: 'rank.expired' };
const ENDS_BY_ITSELF = { type: 'shutdown.started', cause: 'itself' };

const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
  slow = false,
): Stimulus<Context, Facts, ShutdownFixture> => ({
  aims,
  slow,
  comesTo: (at) => {
    if (at.facts.stopped) return impossible('the server has stopped');
    return at.state === 'deleted' ? changesNothing(({ job }) => job.mustBeDeleted()) : comesTo(at);
  },
});

const serves = ({ state }: At): boolean => state === 'serving';

/** S13: whether the job ends with its only worker. */
const endsWithWorker = ({ context, facts }: At): boolean => context.policy === 'shutdown' || facts.isClosed;

/** The supervisor's event for the death of the worker, and the situation after it. */
function death(at: At): { events: readonly { type: string }[]; facts: Facts } {
  const ends = endsWithWorker(at);
  const events = [{ type: 'worker.died', rank: 0 }, DONE_WORKER, ...(ends ? [ENDS_BY_ITSELF] : [])];
  return { events, facts: { ...at.facts, worker: 'gone', byItself: ends } };
}

const closes = { type: 'connection.closed', client: 1 };

const workerLeaves = (stage: ShutdownFixture) => stage.loseWorker();
const sentinelLeaves = (withWorkers: boolean) => (stage: ShutdownFixture) =>
  stage.loseSentinel({ withWorkers });
const reports = (isTrue: boolean) => (stage: ShutdownFixture) => stage.reportDeathOf('0', { isTrue });
const endSleigh = ({ job }: ShutdownFixture) => job.mustStore(job.master, [VARIABLE.rideOver, 'over']);

const inVain = ({ job }: ShutdownFixture) => job.mustReplace('0', { value: '-1' });

const stimuliOf = (isSupervised: boolean): ChartModel<Context, Facts, ShutdownFixture>['stimuli'] => ({
  'worker.registered': stimulus(['worker.registered'], ({ facts }) => {
    if (facts.worker !== 'reserved') {
      const status = '0001';
      return changesNothing(({ job }) =>
        job.asStranger((stranger) => job.mustStore(stranger, [VARIABLE.workerIds, '0'], { status })),
      );
    }
    const registered: Facts = { ...facts, worker: 'registered' };
    return causes([{ type: 'worker.registered', rank: 0 }], registered, (stage) => stage.registerDeclared());
  }),
  'connection.closed, of the worker': stimulus(
    ['connection.closed', 'worker.died', 'worker.left', 'xstate.done.actor.*', 'shutdown.started'],
    (at) => {
      if (at.facts.worker !== 'registered') return impossible('it is not registered');
      if (isSupervised) return OUT_OF_BOUNDS;
      if (!serves(at)) {
        const facts: Facts = { ...at.facts, worker: 'gone' };
        return causes([closes, { type: 'worker.left', rank: 0 }, DONE_WORKER], facts, workerLeaves);
      }
      const { events, facts } = death(at);
      return causes([closes, ...events], facts, workerLeaves);
    },
  ),
  'connection.closed, of the sentinel': stimulus(['sentinel.died', 'sentinel.left', 'rank.expired'], (at) => {
    if (!at.facts.sentinelIsThere) return impossible('it has gone');
    if (serves(at) && at.facts.worker === 'registered') {
      const { events, facts } = death(at);
      const died = [closes, { type: 'sentinel.died', id: 0 }, DONE_SENTINEL, ...events];
      return causes(died, { ...facts, sentinelIsThere: false }, sentinelLeaves(true));
    }
    const isDeadbeat = at.facts.worker === 'reserved';
    const facts: Facts = {
      ...at.facts,
      sentinelIsThere: false,
      worker: isDeadbeat ? 'gone' : at.facts.worker,
    };
    const left = [closes, { type: 'sentinel.left', id: 0 }, DONE_SENTINEL];
    return causes(isDeadbeat ? [...left, EXPIRED, DONE_WORKER] : left, facts, sentinelLeaves(false));
  }),
  'death.reported': stimulus(['death.reported'], (at) => {
    if (isSupervised) return OUT_OF_BOUNDS;
    const reported = { type: 'death.reported', rank: 0 };
    if (!serves(at) || at.facts.worker !== 'registered') return causes([reported], at.facts, reports(false));
    const { events, facts } = death(at);
    return causes([reported, ...events], facts, reports(true));
  }),
  'group.closed': stimulus(['group.closed'], (at) => {
    if (at.facts.isClosed) return impossible('a group closes once');
    if (isSupervised) return OUT_OF_BOUNDS;
    const { worker } = at.facts;
    const registered = worker === 'registered' ? 1 : 0;
    const isDeadbeat = worker === 'reserved';
    const facts: Facts = { ...at.facts, isClosed: true, worker: isDeadbeat ? 'gone' : worker };
    const events = [{ type: 'group.closed', registered }, ...(isDeadbeat ? [EXPIRED, DONE_WORKER] : [])];
    return causes(events, facts, async ({ job }) => {
      await job.mustGet(
        job.master,
        [VERB.find, VARIABLE.status],
        { value: String(registered) },
        { delay: '0' },
      );
    });
  }),
  'alive.asked': stimulus(['alive.asked'], ({ facts }) =>
    causes([{ type: 'alive.asked' }], facts, ({ job }) =>
      job.asStranger(async (stranger) => {
        await job.mustGet(stranger, [VERB.fetch, VARIABLE.sentinelAlive], { value: '1' });
      }),
    ),
  ),
  'sentinel.came': stimulus(['sentinel.came'], ({ facts }) => {
    const events = [
      { type: 'sentinel.came' },
      closes,
      { type: 'sentinel.left' },
      DONE_SENTINEL,
      EXPIRED,
      DONE_WORKER,
    ];
    return causes(facts.isClosed ? [] : events, facts, ({ job }) =>
      job.asStranger(async (stranger) => {
        await job.mustGet(stranger, [VERB.fetch, VARIABLE.workerIds], facts.isClosed ? { value: '-1' } : {});
      }),
    );
  }),
  'replacement.asked': stimulus(['replacement.asked', 'rank.vacated'], (at) => {
    const { facts } = at;
    if (!isSupervised) return changesNothing(({ job }) => job.mustReplace('0', { status: '0001' }));
    if (!facts.sentinelIsThere) return causes([{ type: 'replacement.asked', rank: 0 }], facts, inVain);
    if (!serves(at)) return changesNothing(inVain);
    const isAwaited = facts.worker === 'reserved';
    const vacated = { type: 'rank.vacated', rank: 0, state: isAwaited ? 'reserved' : 'ended' };
    const died = [{ type: 'worker.died', rank: 0 }, DONE_WORKER];
    if (!isAwaited && at.context.policy === 'shutdown') {
      const ended: Facts = { ...facts, worker: 'gone', byItself: true };
      return causes([...died, ENDS_BY_ITSELF, vacated], ended, (stage) => stage.replaceInVain());
    }
    return causes(isAwaited ? [vacated] : [...died, vacated], { ...facts, worker: 'reserved' }, (stage) =>
      stage.replaceDeclared(),
    );
  }),
  'shutdown.started, since somebody says so': stimulus(['shutdown.started'], (at) => {
    if (!serves(at)) return changesNothing(endSleigh);
    return causes([{ type: 'shutdown.started', cause: 'request' }], at.facts, endSleigh);
  }),
  'drain.finished': stimulus(
    ['drain.finished'],
    (at) => {
      if (serves(at) || at.facts.drained) return impossible('there is no drain period then');
      return causes([{ type: 'drain.finished' }], { ...at.facts, drained: true }, (stage) =>
        stage.endOfDrain(),
      );
    },
    true,
  ),
  'a chart fails': {
    aims: ['xstate.error.actor.*'],
    comesTo: () =>
      impossible('a chart that fails is a fault of the server, which no request is known to cause'),
  },
  'workspace.deleted': stimulus(['workspace.deleted'], ({ facts }) =>
    causes([{ type: 'workspace.deleted' }], facts, ({ job }) => job.delete()),
  ),
  'the server stops': stimulus(['shutdown.started', 'drain.finished'], (at) => {
    const facts: Facts = { ...at.facts, stopped: true, drained: !serves(at), byItself: serves(at) };
    const event = serves(at) ? ENDS_BY_ITSELF : { type: 'drain.finished' };
    const events = at.facts.drained ? [] : [event];
    return causes(events, facts, (stage) => stage.stopServer({ isUp: serves(at) }), 'stop');
  }),
});

async function checkJob(stage: ShutdownFixture, at: At): Promise<void> {
  const { job, waiter } = stage;
  const { facts, state } = at;
  if (facts.byItself || facts.drained) await job.mustBeTold('who waits for a task', waiter, SLEIGH_DEAD);
  else job.mustWait('who waits for a task', waiter);
  if (facts.stopped) return mustHold(job.master.hasEnded, 'the server has stopped and keeps connections');
  await job.mustRead(VARIABLE.rankCount, facts.worker === 'registered' ? '1' : '0');
  await job.mustRead(VARIABLE.joinStatus, facts.isClosed ? 'closed' : 'open');
  const reason = state === 'serving' ? 'no value available.' : SLEIGH_DEAD.reason;
  await job.mustGet(job.master, [VERB.fetchTry, VARIABLE.result], { status: '0001', reason });
}

const silent = fromTransition((state: null) => state, null);

/** The machines of the children have models of their own. */
const silenced = (machine: AnyStateMachine): AnyStateMachine =>
  machine.provide({ actors: { joinPhase: silent, shutdown: silent } });

const modelFor = (policy: DeathPolicy, isSupervised = false): ChartModel<Context, Facts, ShutdownFixture> => {
  return {
    variant: isSupervised ? `${policy}, supervised` : policy,
    machine: silenced(sleighMachine),
    input: { maximum: 9, limit: 100_000, policy },
    facts: {
      worker: 'reserved',
      sentinelIsThere: true,
      isClosed: false,
      byItself: false,
      drained: false,
      stopped: false,
    },
    stimuli: stimuliOf(isSupervised),
    checks: {
      serving: checkJob,
      shuttingDown: checkJob,
      deleted: async ({ job, waiter }, { facts }) => {
        const isTold = facts.byItself || facts.drained;
        const purged = { status: '0001', reason: 'Variable purged.' };
        await job.mustBeTold('who waits for a task', waiter, isTold ? SLEIGH_DEAD : purged);
        await job.mustBeDeleted();
      },
    },
    key: ({ state, facts }) =>
      state === 'deleted' ? [state, facts.byItself || facts.drained] : [state, facts],
    bound: 'one sentinel with one rank',
    simpleSteps: 3,
    open: async ({ target, steps, tries }) => {
      const stops = [...steps, ...tries].includes('the server stops');
      const server = stops && target.disposable !== undefined ? await target.disposable() : target.server;
      const options = { onDeadWorker: policy, rankCount: '9' };
      const stage = await ShutdownFixture.open(server, options);
      await stage.declare({ isSupervised });
      return stage;
    },
  };
};

/** Under `null` a death does not end the job while the group is open (S13). */
export const sleighModels = [
  modelFor('shutdown'),
  modelFor('null', true),
  modelFor('shutdown', true),
  modelFor('null'),
];
