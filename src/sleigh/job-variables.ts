import { PendingStore } from '../machines/pending-store.ts';
import { KEY, VARIABLE } from '../wire/names.ts';
import { parseDecimal, parseWhole } from '../wire/numbers.ts';
import { foundText, type PendingGet, type Client } from '../workspace/pending-get.ts';
import type { StoreOutcome } from '../workspace/receipt.ts';
import { Listing } from '../workspace/listing.ts';
import { COST } from '../workspace/memory-budget.ts';
import { notANumber, overLimit, STORE_NOT_SUPPORTED } from '../workspace/refusal.ts';
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
  get(ask: PendingGet): void;
  /** Without it stores are refused. */
  store?(storing: PendingStore): void;
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
      (surroundings) => new JobBehaviour(variable, surroundings, job),
    );
  workspace.define(VARIABLE.registrations, { hidden: true, permanent: true }).declare('fifo');
  const { logCount, logBytes } = workspace.host.limits;
  for (const name of [VARIABLE.bye, VARIABLE.logDebug, VARIABLE.logError])
    workspace.define(
      name,
      { hidden: true, permanent: true },
      (surroundings) => new Fifo(surroundings, { count: logCount, bytes: logBytes }),
    );
}

const constant = (text: () => string, { hidden = false } = {}): JobVariable => ({
  hidden,
  get: (ask) => ask.answer(foundText(text(), ask.origin)),
});

function jobVariables(job: Job): Record<string, JobVariable> {
  const { work, crew, intake, joining, registrations, requests, supervision, workspace } = job;

  /** Stores the seconds that the join phase takes (S5, S6). */
  const storeDuration =
    (name: string) =>
    (storing: PendingStore): void => {
      const text = textOf(storing.value);
      const seconds = parseDecimal(text);
      if (seconds === undefined) storing.refuse(notANumber(name, text));
      else job.joinPhase.send({ type: 'duration.set', seconds });
    };

  const report = (lines: (ask: PendingGet) => Steps<readonly string[]>): JobVariable => ({
    hidden: false,
    get: (ask) => {
      const listing = new Listing(workspace.host.holdings.budget, ask.client.account);
      ask.answerInSteps(reported(listing, lines(ask), ask.origin));
    },
  });

  let fixedArguments = 0;

  return {
    version: constant(() => PROTOCOL_VERSION, { hidden: true }),
    plugin_version: constant(() => `sleigh ${VERSION}`),
    join_status: constant(() => joining.phase),
    rankCount: constant(() => String(joining.context.registered)),
    workerCount: {
      hidden: false,
      get: (ask) => job.joinPhase.send({ type: 'maximum.read', request: requests.add(ask) }),
      listed: () => job.joinPhase.send({ type: 'maximum.listed' }),
      store: (storing) => {
        const text = textOf(storing.value);
        const maximum = parseWhole(text);
        const limit = workspace.host.limits.workerCount;
        if (maximum === undefined) storing.refuse(notANumber(VARIABLE.workerCount, text));
        else if (maximum > limit)
          storing.refuse(overLimit('workerCount', `${maximum} workers; the limit is ${limit}.`));
        else job.joinPhase.send({ type: 'maximum.set', maximum });
      },
    },
    status: {
      hidden: true,
      get: (ask) => joining.askForNumber(ask, 'status.asked'),
      store: storeDuration(VARIABLE.status),
      waiting: () => joining.waiting.forStatus,
    },
    waitForWorkers: {
      hidden: true,
      get: (ask) => joining.askForNumber(ask, 'wait.asked'),
      store: storeDuration(VARIABLE.waitForWorkers),
      waiting: () => joining.waiting.forNumber,
    },
    worker_ids: {
      hidden: true,
      get: (ask) => {
        // The memory of a rank, and perhaps of its sentinel.
        const noRoom = ask.takes ? workspace.holdings.refusalOf(2 * COST.agent, undefined) : undefined;
        if (noRoom !== undefined) ask.refuse(noRoom);
        else if (!ask.takes) replyRanksGiven(ask, joining.context.ranksGiven);
        else if (ask.metadata.has(KEY.replaces)) supervision.askForReplacement(ask);
        else crew.askForRank(ask);
      },
      store: (storing) =>
        job.joinPhase.send({
          type: 'registration.asked',
          request: requests.addStore(storing),
          ...registrations.factsOf(storing),
        }),
    },
    sentinel_alive: {
      hidden: true,
      get: (ask) => crew.askAlive(ask),
      waiting: () => job.heartbeats.asks(),
    },
    task: {
      hidden: false,
      keepsValue: true,
      get: (ask) => intake.getTask(ask),
      store: (storing) => intake.storeTask(storing),
      counts: () => work.taskCounts,
      values: (from, count) => work.tasks.queued(from, count),
      waiting: () => work.asks(),
    },
    broadcast: {
      ...constant(() => '0', { hidden: true }),
      keepsValue: true,
      store: (storing) => intake.storeBroadcast(storing),
    },
    result: {
      hidden: false,
      keepsValue: true,
      get: (ask) => intake.getResult(ask),
      store: (storing) => intake.storeResult(storing),
      counts: () => work.batches.counts,
      values: (from, count) => work.batches.results(from, count),
      waiting: () => work.batches.asks(),
    },
    jobStatus: {
      hidden: true,
      get: (ask) => {
        const isAll = ask.metadata.get(KEY.all) === '1';
        const { pending, running } = isAll ? work.batches.all : work.batches.status(batchOf(ask.metadata));
        const counts = new Map<string, string>([
          [KEY.pending, String(pending)],
          [KEY.running, String(running)],
        ]);
        if (isAll && crew.isSupervised) counts.set(KEY.replacements, String(crew.replacements));
        ask.answer(foundText(String(pending), ask.origin, counts));
      },
    },
    fixedargID: {
      hidden: true,
      get: (ask) => {
        const name = `#fixedArg${fixedArguments + 1}`;
        const owner = ask.client.account;
        const noRoom = workspace.holdings.nameRefusal(name, owner);
        if (noRoom !== undefined) return ask.refuse(noRoom);
        fixedArguments++;
        workspace.define(name, { hidden: true, owner }).declare('single');
        ask.answer(foundText(name, ask.origin));
      },
    },
    agentStatus: report(() => agentStatus(crew.workers, crew.sentinels, work.batches.latestMasterWaits)),
    scoreboard: report(({ metadata }) =>
      scoreboard(crew.workers, { now: job.now, tellsReplaced: metadata.get(KEY.replaced) === '1' }),
    ),
  };
}

/** A job variable as a behaviour of its workspace. */
class JobBehaviour implements Behaviour {
  readonly mode = 'custom';
  readonly #variable: JobVariable;
  readonly #in: VariableContext;
  readonly #job: Job;

  constructor(variable: JobVariable, surroundings: VariableContext, job: Job) {
    this.#variable = variable;
    this.#in = surroundings;
    this.#job = job;
  }

  get counts() {
    return this.#variable.counts?.() ?? { values: 1, fetchers: 0, finders: 0 };
  }

  store(value: Value, client: Client | undefined): StoreOutcome {
    if (this.#variable.store === undefined || client === undefined) return STORE_NOT_SUPPORTED;
    const storing = new PendingStore(value, client);
    if (!this.#job.hasFailed) this.#variable.store(storing);
    this.#job.requests.clear();
    // It may have failed just now.
    if (this.#job.hasFailed) storing.refuse(SLEIGH_FAILED);
    if (storing.refusal === undefined && this.#variable.keepsValue !== true) this.#in.holdings.release(value);
    return storing.outcome;
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

  get(ask: PendingGet): void {
    ask.variableId = this.#in.variableId;
    if (!this.#job.hasFailed) this.#variable.get(ask);
    this.#job.requests.clear();
    // It may have failed just now, and nobody knows of this one.
    if (this.#job.hasFailed) ask.interrupt(SLEIGH_FAILED);
  }

  /** The sleigh refuses the waiting gets, because it ends with its workspace (S16). */
  purge(): readonly undefined[] {
    return [];
  }
}
