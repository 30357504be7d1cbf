import { BOUNDS } from '../wire/bounds.ts';
import type { JoinPhaseEvent, RefusedFor } from '../machines/join-phase-events.ts';
import type { PendingStore } from '../machines/pending-store.ts';
import { matchSession } from '../machines/session-match.ts';
import { KEY, VARIABLE, VERB } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import { REGISTRATION } from '../wire/refusals.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import { PendingGet, type Client } from '../workspace/pending-get.ts';
import { notANumber, refusal, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { textOf } from '../workspace/value.ts';
import { isConnected, isRegistered, rankStateOf, stateOfWorker, type Worker } from './agents.ts';
import { formerClient } from './former-client.ts';
import type { Crew } from './crew.ts';
import type { JobHost } from './job-host.ts';
import type { Joining } from './joining.ts';
import { WORKER_REPLACED } from './refusals.ts';
import type { Supervision } from './supervision.ts';
import type { Work } from './work.ts';

/** The client of fetches that discard a value. */
const NOBODY = formerClient(0, '');

/** The secret that identifies a returning worker (S18). It is shown to nobody else. */
const sessionOf = ({ value }: PendingStore): string | undefined => value.metadata.get(KEY.session);

function withoutSession(metadata: Metadata): Metadata {
  if (!metadata.has(KEY.session)) return metadata;
  const rest = new Map(metadata);
  rest.delete(KEY.session);
  return rest;
}

/** What registrations need of their job. */
interface RegistrationsJob extends JobHost {
  readonly crew: Crew;
  readonly joining: Joining;
  readonly supervision: Supervision;
  readonly work: Work;
  /** Stores a text into an ordinary variable of the workspace. */
  announce(variable: string, text: string, metadata: Metadata, client: Client): void;
}

type RegistrationFacts = Pick<
  Extract<JoinPhaseEvent, { type: 'registration.asked' }>,
  'rank' | 'session' | 'formerSession' | 'connection'
>;

/** @returns why the rank or the session of a registration cannot be read, if so */
function flawOf(store: PendingStore): Refusal | undefined {
  const text = textOf(store.value);
  if (parseWhole(text) === undefined) return refusal(REGISTRATION.noRank(text));
  const { length } = sessionOf(store) ?? '';
  return length <= BOUNDS.sessionBytes.value
    ? undefined
    : refusal(REGISTRATION.longSession(length, BOUNDS.sessionBytes.value));
}

const REFUSED: Readonly<
  Record<RefusedFor, (rank: number, store: PendingStore, crew: Crew) => Refusal | undefined>
> = {
  unreadable: (_rank, store) => flawOf(store),
  groupClosed: () => refusal(REGISTRATION.groupClosed()),
  unknown: (rank) => refusal(REGISTRATION.unknown(rank)),
  forgotten: (rank) => refusal(REGISTRATION.forgotten(rank)),
  ended: (rank, _store, crew) => refusal(REGISTRATION.ended(rank, stateOfWorker(crew.worker(rank)))),
  replaced: (rank, _store, crew) =>
    refusal(REGISTRATION.ended(rank, crew.worker(rank).former?.state ?? 'dead')),
  connection: (rank, store, crew) =>
    refusal(REGISTRATION.connection(crew.connections.rankOf(store.client) ?? rank)),
};

/** How workers come, and come back (S3, S18). */
export class Registrations {
  /** The number of accepted registrations. */
  accepted = 0;
  readonly #job: RegistrationsJob;
  /** Workers that may come back. */
  readonly #lost = new Set<Worker>();

  constructor(job: RegistrationsJob) {
    this.#job = job;
  }

  /** S3, S18, S19: the facts by which the join phase decides about a registration. */
  factsOf(store: PendingStore): RegistrationFacts {
    const { crew } = this.#job;
    const rank = parseWhole(textOf(store.value));
    const shown = sessionOf(store);
    const none = { session: 'none', formerSession: 'none', connection: 'free' } as const;
    if (rank === undefined || flawOf(store) !== undefined) return { rank: 'unreadable', ...none };
    const worker = crew.find(rank);
    if (worker === undefined) return { rank: this.#wasGiven(rank) ? 'forgotten' : 'unknown', ...none };
    const isOwn = crew.workerOf(store.client) === worker;
    const isFree = crew.connections.rankOf(store.client) === undefined;
    return {
      rank: rankStateOf(worker),
      session: matchSession(worker.session, shown),
      formerSession: matchSession(worker.former?.session, shown),
      connection: isOwn ? 'own' : isFree ? 'free' : 'others',
    };
  }

  #wasGiven(rank: number): boolean {
    return rank >= 0 && rank < this.#job.joining.context.ranksGiven;
  }

  /** The join phase refuses a registration (S3). */
  refuse(store: PendingStore, because: RefusedFor): void {
    const refused = REFUSED[because](Number(textOf(store.value)), store, this.#job.crew);
    if (refused !== undefined) store.refuse(refused);
  }

  /** S3: its machine decides, once there is room for what it gets (P12). */
  register(store: PendingStore, request: number): void {
    const { crew, work, workspace } = this.#job;
    const worker = crew.worker(Number(textOf(store.value)));
    const { session, rank } = this.factsOf(store);
    // The copies of broadcasts that it gets (P12).
    const copies = rank === 'registered' ? 0 : work.tasks.memoryOfCopies;
    const noRoom = copies === 0 ? undefined : workspace.accounting.refusalOf(copies, undefined);
    if (noRoom !== undefined) return store.refuse(noRoom);
    const returns = rank === 'registered' && session === 'same';
    const doing = returns ? store.value.metadata.get(KEY.doing) : undefined;
    const number = doing === undefined ? undefined : parseWhole(doing);
    if (doing !== undefined && number === undefined) return store.refuse(notANumber(KEY.doing, doing));
    worker.actor.send({
      type: 'registration.asked',
      request,
      session,
      sendsSession: sessionOf(store) !== undefined,
      doing: number,
      has: worker.task && worker.taskNumber,
    });
  }

  /** S3: its metadata is kept with its registration. */
  accept(worker: Worker, store: PendingStore): void {
    const { client, value } = store;
    const { crew, now, options } = this.#job;
    crew.timeline?.mark(now, worker.rank, worker.former === undefined ? 'joined' : 'replaced');
    this.accepted++;
    this.#job.changed();
    worker.registeredAt = now;
    worker.host =
      value.metadata.get(KEY.host)?.slice(0, BOUNDS.hostBytes.value) ??
      client.peer.slice(0, client.peer.lastIndexOf(':'));
    // A worker with a session may come back, if the creator of the sleigh allows it.
    if (options.reconnectGrace > 0) worker.session = sessionOf(store);
    crew.connect(worker, client);
    this.#job.work.placement.workerCame(worker);
    this.#job.emit?.({ type: 'register_worker', rank: worker.rank, host: worker.host });
    this.#announce(worker.rank, withoutSession(value.metadata), client);
    if (worker.session !== undefined) this.replyWhetherBusy(store, false);
  }

  /** Announces a registration. An elastic group keeps only the last ones, because it may run for ever (S17). */
  #announce(rank: number, metadata: Metadata, client: Client): void {
    const { workspace, options } = this.#job;
    this.#job.announce(VARIABLE.registrations, String(rank), metadata, client);
    const variable = workspace.variable(VARIABLE.registrations);
    if (options.join === 'elastic' && variable.behaviour.counts.values > BOUNDS.announcedRegistrations.value)
      variable.get(
        new PendingGet(NOBODY, { verb: VERB.fetchTry, takes: true, waits: false, metadata: NO_METADATA }),
      );
  }

  /** S18. */
  replyWhetherBusy(store: PendingStore, isBusy: boolean): void {
    store.addToReply(KEY.busy, isBusy ? '1' : '0');
    store.addToReply(KEY.grace, String(this.#job.options.reconnectGrace));
  }

  /**
   * The worker has come back (S18). Its older connection may not have closed yet, and does not belong to it any more.
   */
  replaceConnection(worker: Worker, client: Client): void {
    const { crew } = this.#job;
    worker.pendingGet?.interrupt(WORKER_REPLACED);
    worker.pendingGet = undefined;
    if (worker.client !== undefined) crew.disconnect(worker.client);
    crew.connect(worker, client);
  }

  /** Starts the timer of the grace within which it may come back (S18). */
  startTimer(worker: Worker): void {
    const { deadlines, supervision, crew } = this.#job;
    crew.changed(worker);
    worker.pendingGet = undefined;
    this.#lost.add(worker);
    deadlines.start('return of worker', supervision.lostFor(worker), worker.rank);
  }

  /** Takes up a worker of before a restart, which may have been lost. */
  adopt(worker: Worker): void {
    if (isRegistered(worker) && !isConnected(worker)) this.#lost.add(worker);
  }

  /** Workers that are lost when the sleigh shuts down have left (S18). */
  leaveDisconnected(): Steps {
    return eachInSteps([...this.#lost], ({ actor }) => actor.send({ type: 'left' }));
  }

  /** It has come back, or has ended. */
  stopTimer(worker: Worker): void {
    this.#lost.delete(worker);
    this.#job.deadlines.stop('return of worker', worker.rank);
  }
}
