import { joinPhaseMachine } from '../../machines/join-phase.ts';
import { NO_MAXIMUM, type JoinPhaseContext } from '../../machines/join-phase-setup.ts';
import { VARIABLE, VERB } from '../../wire/names.ts';
import { AFTER_PERIOD } from '../job.ts';
import { mustBe, mustHold } from '../mismatch.ts';
import { OUT_OF_BOUNDS, causes, changesNothing, impossible, type ChartModel } from '../model.ts';
import { askStatus, askElastic, askInVain } from './join-phase-asks.ts';
import { JoinPhaseFixture, SHORT } from './join-phase-fixture.ts';
import {
  type Facts,
  type At,
  RANKS,
  isOpen,
  isClosed,
  isElastic,
  expected,
  stimulus,
  registration,
  waitedFor,
  expiries,
  changes,
  failed,
} from './join-phase-situation.ts';

const stimuli: ChartModel<JoinPhaseContext, Facts, JoinPhaseFixture>['stimuli'] = {
  'rank.asked': stimulus(['rank.asked'], (at) => {
    const { facts, context } = at;
    const inUse = isElastic(at) ? context.reserved + context.registered : context.ranksGiven;
    const isFull = context.maximum > 0 && inUse >= context.maximum;
    const rank = isClosed(at) || isFull ? -1 : context.ranksGiven;
    if (rank >= RANKS) return OUT_OF_BOUNDS;
    return causes([{ type: 'rank.asked' }], facts, (stage) => stage.declare(rank));
  }),
  'rank.replaced': stimulus(['rank.replaced'], (at) => {
    if (at.context.registered === 0) return impossible('nobody is registered');
    const isSimple = isElastic(at) || (isClosed(at) && at.context.ranksGiven === 1);
    if (at.facts.isReplaced || !isSimple) return OUT_OF_BOUNDS;
    const events = [{ type: 'worker.gone' }, { type: 'rank.replaced' }];
    return causes(events, { ...at.facts, isReplaced: true }, (stage) => stage.replace());
  }),
  'registration.asked, by a replacement': stimulus(['registration.asked', 'worker.registered'], (at) => {
    const { facts, context } = at;
    if (!facts.isReplaced) return impossible('nobody is to be replaced');
    const events = [registration({ rank: 'replacing' }), { type: 'worker.registered' }];
    const change = { reserved: context.reserved - 1, registered: context.registered + 1 };
    if (!isElastic(at) && !isClosed(at) && change.registered === expected(context))
      events.push(...expiries(change.reserved));
    const after = changes(at, change, { ...facts, isReplaced: false });
    return causes(events, after.facts, async (stage) => {
      await stage.registerReplacement();
      await after.check(stage);
    });
  }),
  'registration.asked': stimulus(['registration.asked', 'worker.registered'], (at) => {
    const { facts, context } = at;
    const rank = facts.nextRank;
    if (rank >= context.ranksGiven) return impossible('no rank waits for its worker');
    const asked = registration({ rank: isClosed(at) ? 'ended' : 'reserved' });
    if (isClosed(at))
      return causes([asked], facts, ({ job }) =>
        job.asStranger((late) =>
          job.mustStore(late, [VARIABLE.workerIds, String(rank)], failed('group closed')),
        ),
      );
    const events = [asked, { type: 'worker.registered' }];
    const change = { reserved: context.reserved - 1, registered: context.registered + 1 };
    if (!isElastic(at) && change.registered === expected(context))
      events.push(...expiries(change.reserved - (facts.isReplaced ? 1 : 0)));
    const after = changes(at, change, { ...facts, nextRank: rank + 1 });
    return causes(events, after.facts, async (stage) => {
      await stage.register(rank);
      await after.check(stage);
    });
  }),
  'registration.asked, by one who comes back': stimulus(['registration.asked'], (at) => {
    if (at.context.registered === 0) return impossible('nobody is registered');
    const asked = registration({ rank: 'registered', session: 'same' });
    return causes([asked], at.facts, (stage) => stage.comeBack());
  }),
  'elastic.chosen': {
    aims: ['elastic.chosen'],
    comesTo: () => impossible('the maker of the sleigh chooses at the beginning (S17)'),
  },
  'rank.expired': stimulus(['rank.expired'], (at) => {
    const { facts, context } = at;
    if (waitedFor(at) === 0 || isClosed(at)) return impossible('no rank waits for its worker');
    if (!isElastic(at)) return OUT_OF_BOUNDS;
    const after = changes(at, { reserved: context.reserved - 1 }, { ...facts, nextRank: facts.nextRank + 1 });
    return causes([{ type: 'rank.expired' }], after.facts, async (stage) => {
      const sentinel = stage.sentinels[facts.nextRank];
      if (sentinel !== undefined) await stage.job.leave(sentinel);
      await after.check(stage);
    });
  }),
  'registration.asked, of a rank that nobody was given': stimulus(['registration.asked'], (at) =>
    causes([registration({ rank: 'unknown' })], at.facts, ({ job }) =>
      job.mustStore(
        job.master,
        [VARIABLE.workerIds, '77'],
        failed(isClosed(at) ? 'group closed' : 'rank 77 was never given out'),
      ),
    ),
  ),
  'registration.asked, of what is no rank': stimulus(['registration.asked'], (at) =>
    causes([registration({ rank: 'unreadable' })], at.facts, ({ job }) =>
      job.mustStore(
        job.master,
        [VARIABLE.workerIds, 'first'],
        failed(isClosed(at) ? 'group closed' : 'the rank "first" is no number'),
      ),
    ),
  ),
  'registration.asked, over the connection of another worker': stimulus(['registration.asked'], (at) => {
    const { facts, context } = at;
    const rank = facts.nextRank;
    if (rank >= context.ranksGiven) return impossible('no rank waits for its worker');
    if (context.registered === 0) return impossible('nobody is registered');
    const asked = registration({ rank: isClosed(at) ? 'ended' : 'reserved', connection: 'others' });
    return causes([asked], facts, async ({ job, workers }) => {
      const [other] = workers;
      if (other === undefined) throw new Error('nobody is registered');
      const why = isClosed(at) ? 'group closed' : `this connection is worker ${other.rank} already`;
      await job.mustStore(other.protocolClient, [VARIABLE.workerIds, String(rank)], failed(why));
    });
  }),
  'registration.asked, by one who was replaced': stimulus(['registration.asked'], ({ facts }) =>
    facts.isReplaced
      ? causes([registration({ rank: 'replacing', formerSession: 'same' })], facts, (stage) =>
          stage.mustRefuseReplaced(),
        )
      : impossible('nobody is to be replaced'),
  ),
  'worker.gone': stimulus(['worker.gone', 'registration.asked'], (at) => {
    const { facts, context } = at;
    if (context.registered === 0) return impossible('nobody is registered');
    const again = registration({ rank: 'ended', session: 'same' });
    return causes([{ type: 'worker.gone' }, again], facts, async ({ job, workers }) => {
      const worker = workers.shift();
      if (worker === undefined) throw new Error('nobody is registered');
      // A worker whose connection closes is disconnected at first (S18).
      await job.mustStore(job.master, [VARIABLE.workerDead, String(worker.rank)]);
      await job.leave(worker.protocolClient);
      const why = isClosed(at) ? 'group closed' : `the worker of rank ${worker.rank} is dead`;
      await job.asStranger((late) =>
        job.mustStore(late, [VARIABLE.workerIds, String(worker.rank)], failed(why), worker.session),
      );
    });
  }),
  'maximum.set': stimulus(['maximum.set'], (at) => {
    const { facts, context } = at;
    // After the phase has begun, it is tried with few registered workers.
    if (!isOpen(at) && !isElastic(at) && context.maximum !== 1 && context.ranksGiven > 0)
      return OUT_OF_BOUNDS;
    const after = changes(at, { maximum: 1 }, facts);
    return causes([{ type: 'maximum.set', maximum: 1 }], after.facts, async (stage) => {
      await stage.job.mustStore(stage.job.master, [VARIABLE.workerCount, '1']);
      await after.check(stage);
    });
  }),
  'maximum.set, to what is no number': stimulus(['maximum.set'], () =>
    changesNothing(({ job }) =>
      job.mustStore(job.master, [VARIABLE.workerCount, 'many'], { status: '0001' }),
    ),
  ),
  'maximum.read': stimulus(['maximum.read'], (at) =>
    causes([{ type: 'maximum.read' }], at.facts, async ({ job }) => {
      const value = String(isElastic(at) ? at.context.registered : expected(at.context));
      await job.mustGet(job.master, [VERB.find, VARIABLE.workerCount], { value });
    }),
  ),
  'maximum.listed': stimulus(['maximum.listed'], ({ facts }) =>
    causes([{ type: 'maximum.listed' }], facts, async ({ job }) => {
      const { values } = await job.listed(VARIABLE.workerCount);
      mustHold(values === 1, `list vars: workerCount has ${values} values, not 1`);
    }),
  ),
  'duration.set': stimulus(['duration.set'], (at) => {
    const { facts, context } = at;
    // Its effect begins with the next phase, so it is set first or where it changes nothing.
    const isFirst = context.ranksGiven === 0 && !context.frozen && context.maximum === NO_MAXIMUM;
    if ((isOpen(at) || isElastic(at)) && context.duration !== SHORT && !isFirst) return OUT_OF_BOUNDS;
    if (isElastic(at)) return OUT_OF_BOUNDS;
    return causes([{ type: 'duration.set', seconds: SHORT }], facts, (stage) =>
      stage.job.mustStore(stage.job.master, [VARIABLE.status, stage.seconds(SHORT)]),
    );
  }),
  'status.asked, it waits': stimulus(['status.asked'], askStatus(undefined)),
  'status.asked, it waits a short time': stimulus(['status.asked'], askStatus(SHORT)),
  'status.asked, it does not wait': stimulus(['status.asked'], askInVain('status.asked', VARIABLE.status)),
  'wait.asked, it waits': stimulus(['wait.asked'], (at) => {
    const { facts, context } = at;
    // Longer than any test path: only the close ends it.
    const delay = '90';
    const asked = { type: 'wait.asked', waits: true, delay: 90 };
    if (isElastic(at)) return askElastic(at, asked, VARIABLE.waitForWorkers, delay);
    return causes([asked], facts, async (stage) => {
      if (!isClosed(at)) return stage.wait(VARIABLE.waitForWorkers, delay);
      const value = String(context.registeredAtClosing);
      await stage.job.mustGet(stage.job.master, [VERB.find, VARIABLE.waitForWorkers], { value }, { delay });
    });
  }),
  'wait.asked, it does not wait': stimulus(['wait.asked'], askInVain('wait.asked', VARIABLE.waitForWorkers)),
  'broadcast.stored': stimulus(['broadcast.stored'], ({ facts }) =>
    causes([{ type: 'broadcast.stored' }], facts, ({ job }) =>
      job.mustStore(job.master, [VARIABLE.broadcast, 'for all'], {}, { batchId: 'for all' }),
    ),
  ),
  'joining.elapsed': stimulus(
    ['joining.elapsed'],
    (at) => {
      const { facts, context, state } = at;
      if (!state.startsWith('gathering.joining')) return impossible('there is no join phase then');
      if (context.delay !== SHORT) return impossible('this join phase takes a minute');
      return causes([{ type: 'joining.elapsed' }, ...expiries(waitedFor(at))], facts, ({ job }) =>
        job.mustRead(VARIABLE.joinStatus, 'closed', AFTER_PERIOD),
      );
    },
    { timed: true },
  ),
};

const check =
  (phase: 'open' | 'joining' | 'closed' | 'elastic') =>
  async ({ job, waiting }: JoinPhaseFixture, { context }: At): Promise<void> => {
    const [status, , ranks] = await Promise.all([
      job.get(job.master, VERB.find, VARIABLE.joinStatus),
      job.mustRead(VARIABLE.rankCount, String(context.registered)),
      job.get(job.master, VERB.find, VARIABLE.workerIds),
      // Reading it freezes it.
      context.frozen &&
        job.mustGet(job.master, [VERB.find, VARIABLE.workerCount], { value: String(context.maximum) }),
    ]);
    mustBe('find join_status', status, { value: phase });
    mustBe('find worker_ids', ranks, { value: String(context.ranksGiven) });
    for (const pending of waiting)
      if (phase !== 'closed') job.mustWait('who waits for the group', pending);
      else
        await job.mustBeTold('who waits for the group', pending, {
          value: String(context.registeredAtClosing),
        });
  };

const modelFor = (
  maximum: number,
  join: 'closing' | 'elastic',
): ChartModel<JoinPhaseContext, Facts, JoinPhaseFixture> => ({
  variant: join === 'elastic' ? join : maximum === NO_MAXIMUM ? 'no maximum' : `a maximum of ${maximum}`,
  machine: joinPhaseMachine,
  input: { maximum, limit: 100_000 },
  preface: join === 'elastic' ? [{ type: 'elastic.chosen' }] : [],
  facts: { nextRank: 0, waits: false, isReplaced: false },
  stimuli,
  checks: {
    'gathering.open': check('open'),
    'gathering.joining.byStatus': check('joining'),
    'gathering.joining.byBroadcast': check('joining'),
    closed: check('closed'),
    elastic: check('elastic'),
  },
  key: ({ state, context, facts }) => {
    const { maximum: most, frozen, ranksGiven, registered, duration, delay, registeredAtClosing } = context;
    const period = state === 'gathering.open' ? duration : state === 'closed' ? registeredAtClosing : delay;
    const { reserved } = context;
    return state === 'elastic'
      ? [state, most, reserved, ranksGiven, registered, facts]
      : [state, most, frozen, ranksGiven, registered, period, facts];
  },
  bound: `at most ${RANKS} ranks; a maximum of none, 1 or ${RANKS}; a delay of a minute or a short one; a duration is set first, and the phase begins next; a maximum is set before the phase, or before there are ranks; ranks expire in an elastic group; all sentinels supervise, and one worker at a time is to be replaced, in an elastic group, or a closed one of one rank`,
  simpleSteps: 2,
  open: (testPath) =>
    JoinPhaseFixture.open(testPath, {
      join,
      onDeadWorker: 'null',
      ...(maximum === NO_MAXIMUM ? {} : { rankCount: String(maximum) }),
    }),
});

/** The last event leads to nothing new. */
export const joinPhaseModels = [
  modelFor(NO_MAXIMUM, 'closing'),
  modelFor(NO_MAXIMUM, 'elastic'),
  modelFor(RANKS, 'closing'),
];
