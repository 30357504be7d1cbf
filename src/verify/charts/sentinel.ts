import { sentinelMachine } from '../../machines/sentinel.ts';
import { VARIABLE, VERB } from '../../wire/names.ts';
import { AFTER_PERIOD, Job, period, SUPERVISOR, type SentinelGroup } from '../job.ts';
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
import type { Pending, ProtocolClient, Details } from '../protocol-client.ts';
import { NO_VALUE } from './replies.ts';

/** The properties of a sleigh that determine the replies to a sentinel. The policy is `null`. */
interface Facts {
  readonly over: boolean;
  readonly deleted: boolean;
  readonly isConnected: boolean;
  /** Whether one of its workers is registered. */
  readonly hasWorker: boolean;
  /** It has used `sentinel_alive` and is active, so that its absence counts (S13). */
  readonly isMissed: boolean;
}

interface Context {
  readonly id: number;
  readonly lastRank: number;
}

type At = Situation<Context, Facts>;
type Act = Effect<Facts, SentinelFixture>;

/** The ranks that it is assigned, from 0. */
const LAST_RANK = 1;

class SentinelFixture {
  readonly job: Job;
  sentinel: ProtocolClient;
  pending: Pending | undefined;

  constructor(job: Job, sentinel: ProtocolClient) {
    this.job = job;
    this.sentinel = sentinel;
  }

  static async open(job: Job, description: Details, hasSession: boolean): Promise<SentinelFixture> {
    const sentinel = await job.guest(hasSession);
    await job.mustGet(sentinel, [VERB.fetch, VARIABLE.workerIds], { value: '0' }, description);
    return new SentinelFixture(job, sentinel);
  }

  /** Another connection takes up its session (P15.2). */
  async resume(): Promise<void> {
    this.pending = undefined;
    this.sentinel = await this.job.resume(this.sentinel);
  }

  close(): void {
    this.job.close();
  }
}

const isFinal = ({ state }: At): boolean => state === 'dead' || state === 'left';
const GONE = impossible('its connection has closed');
const BLOCKED = impossible('its connection is blocked (P5.3)');
const NOT_BLOCKED = impossible('it asks as over any connection');
const NO_SESSION = impossible('it has no session');

const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
  pace: Pick<Stimulus<Context, Facts, SentinelFixture>, 'timed'> = {},
): Stimulus<Context, Facts, SentinelFixture> => ({
  aims,
  ...pace,
  comesTo: (at) => (at.facts.deleted ? changesNothing(({ job }) => job.mustBeDeleted()) : comesTo(at)),
});

/** @param isResumed whether it asks over the next connection of its session (P15.5) */
const askAlive =
  (waits: boolean, isResumed = false) =>
  (at: At): Act => {
    const { facts, state } = at;
    const events = [{ type: 'alive.asked', waits }];
    const resumed = async (stage: SentinelFixture): Promise<SentinelFixture> => {
      if (isResumed) await stage.resume();
      return stage;
    };
    const verb = waits ? VERB.fetch : VERB.findTry;
    if (!facts.isConnected) return GONE;
    if (isResumed !== (state === 'blocked')) return isResumed ? NOT_BLOCKED : BLOCKED;
    const mustStop = async ({ job, sentinel }: SentinelFixture): Promise<void> => {
      await job.mustGet(sentinel, [verb, VARIABLE.sentinelAlive], { value: '1' });
    };
    if (isFinal(at)) return changesNothing(mustStop);
    if (state === 'stopping') return causes(events, facts, mustStop);
    if (waits)
      return causes(events, { ...facts, isMissed: false }, async (former) => {
        const stage = await resumed(former);
        stage.pending = stage.job.beginToGet(stage.sentinel, VERB.find, VARIABLE.sentinelAlive);
        await stage.job.mustBeListed(nameOf(at), 'Blocked sentinels');
      });
    return causes(events, { ...facts, isMissed: true }, async (former) => {
      const { job, sentinel } = await resumed(former);
      await job.mustGet(sentinel, [VERB.fetchTry, VARIABLE.sentinelAlive], NO_VALUE);
    });
  };

const nameOf = ({ context }: At): string => `Sentinel ${context.lastRank}`;

const registers =
  (expected: { status: string }) =>
  async ({ job }: SentinelFixture): Promise<void> => {
    await job.mustStore(await job.guest(), [VARIABLE.workerIds, '0'], expected);
  };
const getsRank =
  (rank: number) =>
  async ({ job, sentinel }: SentinelFixture): Promise<void> => {
    await job.mustGet(sentinel, [VERB.fetch, VARIABLE.workerIds], { value: String(rank) });
  };
const leaves = ({ job, sentinel }: SentinelFixture) => job.leave(sentinel);
const endSleigh = ({ job }: SentinelFixture) => job.mustStore(job.master, [VARIABLE.rideOver, 'over']);

const inVain = ({ job }: SentinelFixture) => job.mustReplace('0', { value: '-1' });

/** S19: for the worker of its first rank. */
const replaces = (at: At): Act => {
  const { facts } = at;
  const event = { type: 'replacement.asked', rank: 0 };
  if (isFinal(at)) return changesNothing(inVain);
  if (facts.over) return causes([event], facts, inVain);
  return causes([event], { ...facts, hasWorker: false }, ({ job }) => job.mustReplace('0', { value: '0' }));
};

const refusesToReplace = ({ job }: SentinelFixture) => job.mustReplace('0', { status: '0001' });

const stimuliOf = (isSupervised: boolean): ChartModel<Context, Facts, SentinelFixture>['stimuli'] => ({
  'its worker registers': stimulus([], (at) => {
    const { facts } = at;
    if (facts.hasWorker) return impossible('it has registered');
    if (isFinal(at)) return changesNothing(registers({ status: '0001' }));
    return causes([], { ...facts, hasWorker: true }, registers({ status: '0000' }));
  }),
  'rank.given': stimulus(['rank.given'], (at) => {
    const { facts, state, context } = at;
    if (!facts.isConnected) return GONE;
    if (state === 'blocked') return BLOCKED;
    if (isFinal(at)) return changesNothing(getsRank(-1));
    const rank = context.lastRank + 1;
    return rank > LAST_RANK ? OUT_OF_BOUNDS : causes([{ type: 'rank.given', rank }], facts, getsRank(rank));
  }),
  'replacement.asked': stimulus(['replacement.asked'], (at) =>
    isSupervised ? replaces(at) : changesNothing(refusesToReplace),
  ),
  'alive.asked, it waits': stimulus(['alive.asked'], askAlive(true)),
  'alive.asked, it does not wait': stimulus(['alive.asked'], askAlive(false)),
  'alive.asked, it waits over its next connection': stimulus(['alive.asked'], (at) =>
    isSupervised ? askAlive(true, true)(at) : NO_SESSION,
  ),
  'alive.asked, it does not wait over its next connection': stimulus(['alive.asked'], (at) =>
    isSupervised ? askAlive(false, true)(at) : NO_SESSION,
  ),
  'heartbeat.came': stimulus(
    ['heartbeat.came'],
    ({ facts, state }) =>
      state === 'blocked'
        ? causes([{ type: 'heartbeat.came' }], { ...facts, isMissed: true }, async ({ job, pending }) => {
            await job.mustBeTold('the sentinel, when it is time', pending, { value: '0' }, AFTER_PERIOD);
          })
        : impossible('only who is blocked is woken'),
    { timed: true },
  ),
  'heartbeat.missed': stimulus(
    ['heartbeat.missed'],
    (at) =>
      at.state === 'active' && at.facts.isMissed
        ? causes([{ type: 'heartbeat.missed' }], { ...at.facts, hasWorker: false }, ({ job }) =>
            job.mustBeListed(nameOf(at), 'Dead sentinels', AFTER_PERIOD),
          )
        : impossible('its absence does not count'),
    { timed: true },
  ),
  'connection.closed': stimulus(['connection.closed', 'left'], (at) => {
    if (!at.facts.isConnected) return GONE;
    const facts = { ...at.facts, isConnected: false };
    if (isFinal(at)) return causes([], facts, leaves);
    if (facts.over) return causes([{ type: 'left' }], facts, leaves);
    const event = { type: 'connection.closed', registeredWorkers: facts.hasWorker ? 1 : 0 };
    return causes([event], { ...facts, hasWorker: false }, leaves);
  }),
  'shutdown.started': stimulus(['shutdown.started'], (at) => {
    const { state } = at;
    if (at.facts.over) return changesNothing(endSleigh);
    const facts = { ...at.facts, over: true };
    if (isFinal(at)) return causes([], facts, endSleigh);
    return causes([{ type: 'shutdown.started' }], facts, async (stage) => {
      await endSleigh(stage);
      if (state === 'blocked')
        await stage.job.mustBeTold('the sentinel, when the sleigh is over', stage.pending, { value: '1' });
    });
  }),
  'the workspace is deleted': stimulus(['left'], (at) => {
    const facts = { ...at.facts, deleted: true };
    return causes(isFinal(at) ? [] : [{ type: 'left' }], facts, async ({ job, pending }) => {
      await job.delete();
      if (at.state === 'blocked')
        await job.mustBeTold('the sentinel, when the workspace is deleted', pending, {
          status: '0001',
          reason: 'Variable purged.',
        });
    });
  }),
});

const check =
  (group: SentinelGroup | undefined) =>
  async ({ job, pending, sentinel }: SentinelFixture, at: At): Promise<void> => {
    const { facts, state } = at;
    if (facts.deleted) return job.mustBeDeleted();
    if (state === 'blocked') job.mustWait('the sentinel', pending);
    await Promise.all([
      job.mustBeListed(nameOf(at), group),
      job.mustRead(VARIABLE.rankCount, facts.hasWorker ? '1' : '0'),
    ]);
    if (state === 'stopping')
      await job.mustGet(sentinel, [VERB.findTry, VARIABLE.sentinelAlive], { value: '1' });
  };

/** Seconds between heartbeats: short if the test path waits for one. */
const SHORT = 0.8;

const modelFor = (isSupervised: boolean): ChartModel<Context, Facts, SentinelFixture> => ({
  variant: isSupervised ? 'it supervises' : '',
  machine: sentinelMachine,
  input: { id: 0, rank: 0 },
  facts: { over: false, deleted: false, isConnected: true, hasWorker: false, isMissed: false },
  stimuli: stimuliOf(isSupervised),
  checks: {
    active: check('Active sentinels'),
    blocked: check('Blocked sentinels'),
    stopping: check('Active sentinels'),
    dead: check('Dead sentinels'),
    left: check(undefined),
  },
  key: ({ state, context, facts }) => (facts.deleted ? ['deleted', state] : [state, context.lastRank, facts]),
  bound: `one sentinel with at most ${LAST_RANK + 1} ranks and one registered worker`,
  simpleSteps: 3,
  open: async (testPath) =>
    SentinelFixture.open(
      await Job.open(testPath.target.server, {
        onDeadWorker: 'null',
        rankCount: '9',
        sentinelRefreshPeriod: period(testPath, SHORT, 60),
      }),
      isSupervised ? SUPERVISOR : {},
      isSupervised,
    ),
});

/** A sentinel that supervises its workers (S19) does everything that another one does. */
export const sentinelModels = [true, false].map(modelFor);
