import { joinPhaseMachine, NO_MAXIMUM, type JoinPhaseContext } from '../../machines/join-phase.ts';
import { AFTER_PERIOD, Job, period } from '../job.ts';
import { mustBe, mustHold } from '../mismatch.ts';
import {
  BEYOND,
  causes,
  changesNothing,
  impossible,
  type ChartModel,
  type Effect,
  type Journey,
  type Situation,
  type Stimulus,
} from '../model.ts';
import type { Pending, Speaker } from '../speaker.ts';

interface Facts {
  /** Workers that have ever registered: they take the ranks in their order. */
  readonly everRegistered: number;
  /** The last worker of the closed group has died, and the sleigh has ended with it (S13). */
  readonly over: boolean;
}

type At = Situation<JoinPhaseContext, Facts>;
type Act = Effect<Facts, JoinPhaseStage>;

const NO_VALUE = { status: '0001', reason: 'no value available.' };
/** Ranks that are given out where no maximum forbids it. */
const RANKS = 2;
/** What stands for a short delay in the chart; how long it really is, the journey says. */
const SHORT = 1;

/** A job, whose sentinel asks for ranks, with workers and with those who wait for the group to close. */
class JoinPhaseStage {
  readonly job: Job;
  readonly sentinel: Speaker;
  readonly workers: Speaker[] = [];
  readonly waiting: Pending[] = [];
  readonly #short: string;

  private constructor(job: Job, sentinel: Speaker, short: string) {
    this.job = job;
    this.sentinel = sentinel;
    this.#short = short;
  }

  static async open(journey: Journey, options: Record<string, string>): Promise<JoinPhaseStage> {
    const job = await Job.open(journey.grounds.server, { onDeadWorker: 'null', ...options });
    return new JoinPhaseStage(job, await job.guest(), period(journey, 0.8, 60));
  }

  close(): void {
    this.job.close();
  }

  /** Seconds, as metadata or values tell them. */
  seconds(delay: number): string {
    return delay === SHORT ? this.#short : String(delay);
  }

  /** Somebody asks for the number of workers, and waits. */
  async wait(variable: string, delay: string | undefined): Promise<void> {
    const { job } = this;
    const asker = await job.guest();
    this.waiting.push(job.beginToGet(asker, 'find', variable, delay === undefined ? {} : { delay }));
    // Whoever waits for the group shows nowhere: what is asked two round trips later comes after it.
    for (let n = 0; n < 2; n++) await job.get(job.master, 'find', 'join_status');
  }
}

/** What makes for many situations in which the phase may begin. */
const BEFORE_PHASE = new Set(['rank.asked', 'maximum.set', 'maximum.read', 'maximum.listed']);

const isOpen = ({ state }: At): boolean => state === 'gathering.open';
const isClosed = ({ state }: At): boolean => state === 'closed';
const expected = ({ maximum, ranksGiven }: JoinPhaseContext): number =>
  maximum === NO_MAXIMUM ? ranksGiven : maximum;

const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
  pace: Pick<Stimulus<JoinPhaseContext, Facts, JoinPhaseStage>, 'timed'> = {},
): Stimulus<JoinPhaseContext, Facts, JoinPhaseStage> => ({
  aims,
  // A duration that was set is followed by the phase that it is meant for.
  comesTo: (at) =>
    isOpen(at) && at.context.duration === SHORT && aims.some((aim) => BEFORE_PHASE.has(aim))
      ? BEYOND
      : comesTo(at),
  ...pace,
});

const failed = (why: string) => ({ status: '0001', reason: `Worker registration failed: ${why}.` });

/** S5: `status`, with a delay of its own or without. */
const askStatus =
  (delay: number | undefined) =>
  (at: At): Act => {
    const { facts, context } = at;
    const events = [{ type: 'status.asked', ask: { waits: true }, delay }];
    return causes(events, facts, async (stage) => {
      const { job } = stage;
      const metadata = delay === undefined ? {} : { delay: stage.seconds(delay) };
      if (isClosed(at)) {
        const value = String(context.registeredAtClosing);
        await job.mustGet(job.master, ['find', 'status'], { value }, metadata);
      } else if (isOpen(at) && context.registered === expected(context)) {
        const value = String(context.registered);
        await job.mustGet(job.master, ['fetch', 'status'], { value }, metadata);
      } else await stage.wait('status', metadata.delay);
    });
  };

const askInVain =
  (type: string, variable: string) =>
  (at: At): Act =>
    causes([{ type, ask: { waits: false }, delay: undefined }], at.facts, async ({ job }) => {
      const value = String(at.context.registeredAtClosing);
      await job.mustGet(job.master, ['findTry', variable], isClosed(at) ? { value } : NO_VALUE);
    });

const storesBroadcast =
  (status: string) =>
  ({ job }: JoinPhaseStage): Promise<void> =>
    job.mustStore(job.master, ['broadcast', 'for all'], { status }, { batchId: 'for all' });

const stimuli: ChartModel<JoinPhaseContext, Facts, JoinPhaseStage>['stimuli'] = {
  'rank.asked': stimulus(['rank.asked'], (at) => {
    const { facts, context } = at;
    const isFull = context.maximum > 0 && context.ranksGiven >= context.maximum;
    const rank = isClosed(at) || isFull ? -1 : context.ranksGiven;
    if (rank >= RANKS) return BEYOND;
    return causes([{ type: 'rank.asked' }], facts, async ({ job, sentinel }) => {
      await job.mustGet(sentinel, ['fetch', 'worker_ids'], { value: String(rank) });
    });
  }),
  'registration.asked': stimulus(['registration.asked', 'worker.registered'], (at) => {
    const { facts, context } = at;
    const rank = facts.everRegistered;
    if (rank >= context.ranksGiven) return impossible('no rank waits for its worker');
    const asked = { type: 'registration.asked' };
    if (isClosed(at))
      return causes([asked], facts, ({ job }) =>
        job.asStranger((late) => job.mustStore(late, ['worker_ids', String(rank)], failed('group closed'))),
      );
    const registered = { everRegistered: rank + 1, over: facts.over };
    return causes([asked, { type: 'worker.registered' }], registered, async ({ job, workers }) => {
      const worker = await job.guest();
      workers.push(worker);
      await job.mustStore(worker, ['worker_ids', String(rank)]);
    });
  }),
  'registration.asked, of a rank that nobody was given': stimulus(['registration.asked'], (at) =>
    causes([{ type: 'registration.asked' }], at.facts, ({ job }) =>
      job.mustStore(
        job.master,
        ['worker_ids', '77'],
        failed(isClosed(at) ? 'group closed' : 'rank 77 was never given out'),
      ),
    ),
  ),
  'worker.gone': stimulus(['worker.gone'], (at) => {
    const { facts, context } = at;
    if (context.registered === 0) return impossible('nobody is registered');
    const over = facts.over || (isClosed(at) && context.registered === 1);
    return causes([{ type: 'worker.gone' }], { ...facts, over }, async ({ job, workers }) => {
      const worker = workers.shift();
      if (worker !== undefined) await job.leave(worker);
    });
  }),
  'maximum.set': stimulus(['maximum.set'], (at) => {
    const { facts, context } = at;
    // Once the phase has begun, it is tried where few have come yet.
    if (!isOpen(at) && context.maximum !== 1 && context.ranksGiven > 0) return BEYOND;
    return causes([{ type: 'maximum.set', maximum: 1 }], facts, ({ job }) =>
      job.mustStore(job.master, ['workerCount', '1']),
    );
  }),
  'maximum.set, to what is no number': stimulus(['maximum.set'], () =>
    changesNothing(({ job }) => job.mustStore(job.master, ['workerCount', 'many'], { status: '0001' })),
  ),
  'maximum.read': stimulus(['maximum.read'], ({ facts, context }) =>
    causes([{ type: 'maximum.read' }], facts, async ({ job }) => {
      await job.mustGet(job.master, ['find', 'workerCount'], { value: String(expected(context)) });
    }),
  ),
  'maximum.listed': stimulus(['maximum.listed'], ({ facts }) =>
    causes([{ type: 'maximum.listed' }], facts, async ({ job }) => {
      const { values } = await job.listed('workerCount');
      mustHold(values === 1, `list vars: workerCount has ${values} values, not 1`);
    }),
  ),
  'duration.set': stimulus(['duration.set'], (at) => {
    const { facts, context } = at;
    // What it makes different begins with the next phase, so it is set first or where it changes nothing.
    const isFirst = context.ranksGiven === 0 && !context.frozen && context.maximum === NO_MAXIMUM;
    if (isOpen(at) && context.duration !== SHORT && !isFirst) return BEYOND;
    return causes([{ type: 'duration.set', seconds: SHORT }], facts, (stage) =>
      stage.job.mustStore(stage.job.master, ['status', stage.seconds(SHORT)]),
    );
  }),
  'status.asked, it waits': stimulus(['status.asked'], askStatus(undefined)),
  'status.asked, it waits a short time': stimulus(['status.asked'], askStatus(SHORT)),
  'status.asked, it does not wait': stimulus(['status.asked'], askInVain('status.asked', 'status')),
  'wait.asked, it waits': stimulus(['wait.asked'], (at) => {
    const { facts, context } = at;
    // Longer than any journey: only the closing ends it.
    const delay = '90';
    return causes([{ type: 'wait.asked', ask: { waits: true }, delay: 90 }], facts, async (stage) => {
      if (!isClosed(at)) return stage.wait('waitForWorkers', delay);
      const value = String(context.registeredAtClosing);
      await stage.job.mustGet(stage.job.master, ['find', 'waitForWorkers'], { value }, { delay });
    });
  }),
  'wait.asked, it does not wait': stimulus(['wait.asked'], askInVain('wait.asked', 'waitForWorkers')),
  'broadcast.stored': stimulus(['broadcast.stored'], ({ facts }) => {
    if (facts.over) return changesNothing(storesBroadcast('5001'));
    return causes([{ type: 'broadcast.stored' }], facts, storesBroadcast('0000'));
  }),
  'joining.elapsed': stimulus(
    ['joining.elapsed'],
    ({ facts, context, state }) => {
      if (!state.startsWith('gathering.joining')) return impossible('there is no join phase then');
      if (context.delay !== SHORT) return impossible('this join phase takes a minute');
      return causes([{ type: 'joining.elapsed' }], facts, ({ job }) =>
        job.mustRead('join_status', 'closed', AFTER_PERIOD),
      );
    },
    { timed: true },
  ),
};

const check =
  (phase: 'open' | 'joining' | 'closed') =>
  async ({ job, sentinel, waiting }: JoinPhaseStage, { context }: At): Promise<void> => {
    const [status, , ranks] = await Promise.all([
      job.get(job.master, 'find', 'join_status'),
      job.mustRead('rankCount', String(context.registered)),
      job.get(sentinel, 'find', 'worker_ids'),
      // Reading it freezes it.
      context.frozen && job.mustGet(job.master, ['find', 'workerCount'], { value: String(context.maximum) }),
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

const modelFor = (maximum: number): ChartModel<JoinPhaseContext, Facts, JoinPhaseStage> => ({
  variant: maximum === NO_MAXIMUM ? 'no maximum' : `a maximum of ${maximum}`,
  machine: joinPhaseMachine,
  input: { maximum, limit: 100_000 },
  facts: { everRegistered: 0, over: false },
  stimuli,
  checks: {
    'gathering.open': check('open'),
    'gathering.joining.byStatus': check('joining'),
    'gathering.joining.byBroadcast': check('joining'),
    closed: check('closed'),
  },
  key: ({ state, context, facts }) => {
    const { maximum: most, frozen, ranksGiven, registered, duration, delay, registeredAtClosing } = context;
    const period = state === 'gathering.open' ? duration : state === 'closed' ? registeredAtClosing : delay;
    return [state, most, frozen, ranksGiven, registered, period, facts];
  },
  bound: `at most ${RANKS} ranks; a maximum of none, 1 or ${RANKS}; a delay of a minute or a short one; a duration is set first, and the phase begins next; a maximum is set before the phase, or before there are ranks`,
  simpleSteps: 2,
  open: (journey) =>
    JoinPhaseStage.open(journey, maximum === NO_MAXIMUM ? {} : { rankCount: String(maximum) }),
});

export const joinPhaseModels = [NO_MAXIMUM, RANKS].map(modelFor);
