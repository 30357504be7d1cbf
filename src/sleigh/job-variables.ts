import { PendingStore } from '../machines/pending-store.ts';
import { KEY, VARIABLE } from '../wire/names.ts';
import { parseDecimal, parseWhole } from '../wire/numbers.ts';
import { foundText, type PendingGet, type Client } from '../workspace/pending-get.ts';
import type { StoreOutcome } from '../workspace/receipt.ts';
import { Listing } from '../workspace/listing.ts';
import { COST } from '../workspace/memory-budget.ts';
import { LIMIT } from '../wire/limit-refusals.ts';
import { notANumber, refusal, STORE_NOT_SUPPORTED } from '../workspace/refusal.ts';
import type { Steps } from '../workspace/steps.ts';
import { textOf, type Value } from '../workspace/value.ts';
import type { Behaviour, VariableContext } from '../workspace/behaviour.ts';
import { Fifo } from '../workspace/fifo.ts';
import { VERSION } from '../version.ts';
import { agentStatus, reported, scoreboard } from './reports.ts';
import { replyRanksGiven } from './rank-replies.ts';
import { SLEIGH_FAILED } from './refusals.ts';
import type { Job } from './job.ts';
import { batchOf } from './batch-ref.ts';

/** The version of this protocol (the variable `version`). */
const PROTOCOL_VERSION = '1';

/** The behaviour of one job variable; see the table in docs/protocol.md. */
interface JobVariable {
  readonly hidden: boolean;
  get(get: PendingGet): void;
  /** Without it stores are refused. */
  store?(store: PendingStore): void;
  /** Whether the object that handles the store takes ownership of the value; otherwise the value is released. */
  readonly keepsValue?: boolean;
  readonly counts?: () => Behaviour['counts'];
  readonly values?: Behaviour['values'];
  readonly waiting?: () => Iterable<PendingGet>;
  readonly listed?: () => void;
}

/** Makes the variables that a sleigh workspace has from the start. */
export function defineJobVariables(job: Job): void {
  const { workspace } = job;
  for (const [name, variable] of Object.entries(jobVariables(job)))
    workspace.define(
      name,
      { hidden: variable.hidden, permanent: true },
      (context) => new JobBehaviour(variable, context, job),
    );
  workspace.define(VARIABLE.registrations, { hidden: true, permanent: true }).declare('fifo');
  const { logCount, logBytes } = workspace.host.limits;
  for (const name of [VARIABLE.bye, VARIABLE.logDebug, VARIABLE.logError])
    workspace.define(
      name,
      { hidden: true, permanent: true },
      (context) => new Fifo(context, { count: logCount, bytes: logBytes }),
    );
}

const constant = (text: () => string, { hidden = false } = {}): JobVariable => ({
  hidden,
  get: (get) => get.answer(foundText(text(), get.origin)),
});

function jobVariables(job: Job): Record<string, JobVariable> {
  const { work, crew, intake, joining, registrations, requests, supervision, workspace } = job;

  /** Stores the seconds that the join phase takes (S5, S6). */
  const storeDuration =
    (name: string) =>
    (store: PendingStore): void => {
      const text = textOf(store.value);
      const seconds = parseDecimal(text);
      if (seconds === undefined) store.refuse(notANumber(name, text));
      else job.joinPhase.send({ type: 'duration.set', seconds });
    };

  const report = (lines: (get: PendingGet) => Steps<readonly string[]>): JobVariable => ({
    hidden: false,
    get: (get) => {
      const listing = new Listing(workspace.host.accounting.budget, get.client.account);
      const steps = reported(listing, lines(get), get.origin);
      get.answerInSteps({ steps, drop: () => listing.drop() });
    },
  });

  return {
    version: constant(() => PROTOCOL_VERSION, { hidden: true }),
    plugin_version: constant(() => `sleigh ${VERSION}`),
    join_status: constant(() => joining.phase),
    rankCount: constant(() => String(joining.context.registered)),
    workerCount: {
      hidden: false,
      get: (get) => job.joinPhase.send({ type: 'maximum.read', request: requests.add(get) }),
      listed: () => job.joinPhase.send({ type: 'maximum.listed' }),
      store: (store) => {
        const text = textOf(store.value);
        const maximum = parseWhole(text);
        const limit = workspace.host.limits.workerCount;
        if (maximum === undefined) store.refuse(notANumber(VARIABLE.workerCount, text));
        else if (maximum > limit)
          store.refuse(refusal(LIMIT.workers(maximum, limit), { limit: 'workerCount' }));
        else job.joinPhase.send({ type: 'maximum.set', maximum });
      },
    },
    status: {
      hidden: true,
      get: (get) => joining.askForWorkerCount(get, 'status.asked'),
      store: storeDuration(VARIABLE.status),
      waiting: () => joining.waiting.forStatus,
    },
    waitForWorkers: {
      hidden: true,
      get: (get) => joining.askForWorkerCount(get, 'wait.asked'),
      store: storeDuration(VARIABLE.waitForWorkers),
      waiting: () => joining.waiting.forNumber,
    },
    worker_ids: {
      hidden: true,
      get: (get) => {
        // The memory of a rank, and perhaps of its sentinel.
        const noRoom = get.takes ? workspace.accounting.refusalOf(2 * COST.agent, undefined) : undefined;
        if (noRoom !== undefined) get.refuse(noRoom);
        else if (!get.takes) replyRanksGiven(get, joining.context.ranksGiven);
        else if (get.metadata.has(KEY.replaces)) supervision.askForReplacement(get);
        else crew.askForRank(get);
      },
      store: (store) =>
        job.joinPhase.send({
          type: 'registration.asked',
          request: requests.add(store),
          ...registrations.factsOf(store),
        }),
    },
    sentinel_alive: {
      hidden: true,
      get: (get) => crew.askAlive(get),
      waiting: () => job.heartbeats.asks(),
    },
    task: {
      hidden: false,
      keepsValue: true,
      get: (get) => intake.getTask(get),
      store: (store) => intake.storeTask(store),
      counts: () => work.taskCounts,
      values: (from, count) => work.tasks.queued(from, count),
      waiting: () => work.line,
    },
    broadcast: {
      ...constant(() => '0', { hidden: true }),
      keepsValue: true,
      store: (store) => intake.storeBroadcast(store),
    },
    result: {
      hidden: false,
      keepsValue: true,
      get: (get) => intake.getResult(get),
      store: (store) => intake.storeResult(store),
      counts: () => work.batches.counts,
      values: (from, count) => work.batches.results(from, count),
      waiting: () => work.batches.asks(),
    },
    jobStatus: {
      hidden: true,
      get: (get) => {
        const isAll = get.metadata.get(KEY.all) === '1';
        const { pending, running } = isAll ? work.batches.all : work.batches.status(batchOf(get.metadata));
        const counts = new Map<string, string>([
          [KEY.pending, String(pending)],
          [KEY.running, String(running)],
        ]);
        if (isAll && crew.isSupervised) counts.set(KEY.replacements, String(crew.replacements));
        get.answer(foundText(String(pending), get.origin, counts));
      },
    },
    fixedargID: {
      hidden: true,
      get: (get) => {
        const name = `#fixedArg${job.fixedArguments + 1}`;
        const owner = get.client.account;
        const noRoom = workspace.accounting.nameRefusal(name, owner);
        if (noRoom !== undefined) return get.refuse(noRoom);
        job.fixedArguments++;
        job.changed();
        workspace.define(name, { hidden: true, owner }).declare('single');
        get.answer(foundText(name, get.origin));
      },
    },
    agentStatus: report(() => agentStatus(crew.workers, crew.sentinels, work.batches.latestMasterWaits)),
    scoreboard: report(({ metadata }) =>
      scoreboard(crew.workers, { now: job.now, reportsReplaced: metadata.get(KEY.replaced) === '1' }),
    ),
  };
}

/** A job variable as a behaviour of its workspace. */
class JobBehaviour implements Behaviour {
  readonly mode = 'custom';
  readonly #variable: JobVariable;
  readonly #in: VariableContext;
  readonly #job: Job;

  constructor(variable: JobVariable, context: VariableContext, job: Job) {
    this.#variable = variable;
    this.#in = context;
    this.#job = job;
  }

  get counts() {
    return this.#variable.counts?.() ?? { values: 1, fetchers: 0, finders: 0 };
  }

  store(value: Value, client: Client | undefined): StoreOutcome {
    if (this.#variable.store === undefined || client === undefined) return STORE_NOT_SUPPORTED;
    const store = new PendingStore(value, client);
    if (!this.#job.hasFailed) this.#variable.store(store);
    this.#job.requests.clear();
    // It may have failed just now.
    if (this.#job.hasFailed) store.refuse(SLEIGH_FAILED);
    if (store.refusal === undefined && this.#variable.keepsValue !== true) this.#in.accounting.release(value);
    return store.outcome;
  }

  values(from: number, count: number): readonly Value[] {
    return this.#variable.values?.(from, count) ?? [];
  }

  waiting(): Iterable<PendingGet> {
    return this.#variable.waiting?.() ?? [];
  }

  listed(): void {
    if (!this.#job.hasFailed) this.#variable.listed?.();
  }

  get(get: PendingGet): void {
    get.variableId = this.#in.variableId;
    // Some of these variables change when they are read.
    get.isKept = true;
    if (!this.#job.hasFailed) this.#variable.get(get);
    this.#job.requests.clear();
    // It may have failed just now, and nobody knows of this one.
    if (this.#job.hasFailed) get.interrupt(SLEIGH_FAILED);
  }

  /** The sleigh refuses the waiting gets, because it ends with its workspace (S16). */
  purge(): readonly undefined[] {
    return [];
  }
}
