import type { RankState } from '../machines/join-phase.ts';
import type { PendingStore } from '../machines/pending-store.ts';
import { matchSession, type SessionMatch } from '../machines/sessions.ts';
import { KEY, VARIABLE, VERB } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import { PendingGet, type Client, type Found } from '../workspace/pending-get.ts';
import { notANumber } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { textOf } from '../workspace/value.ts';
import { isRegistered, stateOfWorker, type Worker } from './agents.ts';
import { registrationFailed, WORKER_REPLACED } from './refusals.ts';
import type { Sleigh } from './sleigh.ts';

/** The number of characters of a host name that are kept. */
const MOST_HOST = 255;

/** The largest length of a session, which is kept with its worker (S18, P12). */
const MOST_SESSION = 255;

/** The number of registrations that an elastic group keeps for clients to fetch (S17). */
const MOST_ANNOUNCED = 1_000;

/** The client of fetches that discard a value. */
const NOBODY: Client = {
  id: 0,
  peer: '',
  closeListeners: new Set(),
  answer: () => undefined,
  refuse: () => undefined,
};

/** The secret that identifies a returning worker (S18). It is shown to nobody else. */
const sessionOf = ({ value }: PendingStore): string | undefined => value.metadata.get(KEY.session);

function withoutSession(metadata: Metadata): Metadata {
  if (!metadata.has(KEY.session)) return metadata;
  const rest = new Map(metadata);
  rest.delete(KEY.session);
  return rest;
}

/** The name of the timer of a lost worker. */
const timerOf = (rank: number): string => `return of worker ${rank}`;

/** Handles registrations and returns of workers (S3, S18). */
export class Registrations {
  /** The number of accepted registrations. */
  accepted = 0;
  readonly #sleigh: Sleigh;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
  }

  /** Handles a registration: the rank must wait for its worker, and the connection must not be a worker (S3). */
  ask(storing: PendingStore): void {
    const { crew, joining, work, workspace } = this.#sleigh;
    const text = textOf(storing.value);
    const rank = parseWhole(text);
    if (rank === undefined) return storing.refuse(registrationFailed(`the rank "${text}" is no number`));
    const session = storing.value.metadata.get(KEY.session) ?? '';
    if (session.length > MOST_SESSION)
      return storing.refuse(
        registrationFailed(`a session of ${session.length} bytes; the limit is ${MOST_SESSION}`),
      );
    const worker = crew.find(rank);
    if (worker === undefined) {
      const isForgotten = rank >= 0 && rank < joining.context.ranksGiven;
      const why = isForgotten ? `the worker of rank ${rank} has ended` : `rank ${rank} was never given out`;
      return storing.refuse(registrationFailed(why));
    }
    if (worker.actor.getSnapshot().status === 'done')
      return storing.refuse(registrationFailed(`the worker of rank ${rank} is ${stateOfWorker(worker)}`));
    const other = crew.workerOf(storing.client);
    if (other !== undefined && other !== worker)
      return storing.refuse(registrationFailed(`this connection is worker ${other.rank} already`));
    const { former } = worker;
    // The worker has been replaced, and the rank is for its replacement (S18, S19).
    if (
      !isRegistered(worker) &&
      former !== undefined &&
      matchSession(former.session, sessionOf(storing)) === 'same'
    )
      return storing.refuse(registrationFailed(`the worker of rank ${rank} is ${former.state}`));
    const { session: match } = this.rankOf(storing);
    const returns = isRegistered(worker) && match === 'same';
    // The memory of the copies of broadcasts that it gets (P12).
    const copies = isRegistered(worker) ? 0 : work.tasks.memoryOfCopies;
    const noRoom = copies === 0 ? undefined : workspace.holdings.refusalOf(copies, undefined);
    if (noRoom !== undefined) return storing.refuse(noRoom);
    const doing = returns ? storing.value.metadata.get(KEY.doing) : undefined;
    const number = doing === undefined ? undefined : parseWhole(doing);
    if (doing !== undefined && number === undefined) return storing.refuse(notANumber(KEY.doing, doing));
    worker.actor.send({
      type: 'registration.asked',
      request: this.#sleigh.requests.addStore(storing),
      session: match,
      doing: number,
      has: worker.task && worker.taskNumber,
    });
  }

  /** The state of the rank in a registration, and whether the session is that of its worker (S18, S19). */
  rankOf(storing: PendingStore): { readonly rank: RankState; readonly session: SessionMatch } {
    const number = parseWhole(textOf(storing.value));
    const worker = number === undefined ? undefined : this.#sleigh.crew.find(number);
    if (worker === undefined) return { rank: 'other', session: 'none' };
    const session = matchSession(worker.session, sessionOf(storing));
    if (isRegistered(worker)) return { rank: 'registered', session };
    return { rank: stateOfWorker(worker) === 'replacing' ? 'replacing' : 'other', session };
  }

  /** Accepts a registration and keeps its metadata (S3). */
  accept(worker: Worker, storing: PendingStore): void {
    const { client, value } = storing;
    const { crew, now, options } = this.#sleigh;
    this.accepted++;
    worker.registeredAt = now;
    worker.host =
      value.metadata.get(KEY.host)?.slice(0, MOST_HOST) ?? client.peer.slice(0, client.peer.lastIndexOf(':'));
    // A worker with a session may come back, if the creator of the sleigh allows it.
    if (options.reconnectGrace > 0) worker.session = sessionOf(storing);
    crew.connect(worker, client);
    this.#announce(worker.rank, withoutSession(value.metadata), client);
    if (worker.session !== undefined) this.tellWhetherBusy(storing, false);
  }

  /** Announces a registration. An elastic group keeps only the last ones, because it may run for ever (S17). */
  #announce(rank: number, metadata: Metadata, client: Client): void {
    const { workspace, options } = this.#sleigh;
    this.#sleigh.announce(VARIABLE.registrations, String(rank), metadata, client);
    const variable = workspace.variable(VARIABLE.registrations);
    if (options.join === 'elastic' && variable.behaviour.counts.values > MOST_ANNOUNCED)
      variable.get(
        new PendingGet(NOBODY, { verb: VERB.fetchTry, takes: true, waits: false, metadata: NO_METADATA }),
      );
  }

  /** S18. */
  tellWhetherBusy(storing: PendingStore, isBusy: boolean): void {
    storing.tell(KEY.busy, isBusy ? '1' : '0');
    storing.tell(KEY.grace, String(this.#sleigh.options.reconnectGrace));
  }

  /**
   * The worker has come back (S18). Its older connection may not have closed yet, and does not belong to it any more.
   */
  replaceConnection(worker: Worker, client: Client): void {
    const { crew } = this.#sleigh;
    worker.ask?.interrupt(WORKER_REPLACED);
    worker.ask = undefined;
    if (worker.client !== undefined) crew.disconnect(worker.client);
    crew.connect(worker, client);
  }

  /** Starts the timer of the grace within which it may come back (S18). */
  startTimer(worker: Worker): void {
    const { timers, supervision, crew } = this.#sleigh;
    crew.changed(worker);
    worker.ask = undefined;
    timers.start(timerOf(worker.rank), supervision.lostFor(worker), () =>
      worker.actor.send({ type: 'return.elapsed', ...this.owedBy(worker) }),
    );
  }

  /** Workers that are lost when the sleigh shuts down have left (S18). */
  dismissLost(): Steps {
    return eachInSteps(this.#sleigh.crew.everyWorker, (worker) => {
      if (stateOfWorker(worker) === 'lost') worker.actor.send({ type: 'departed' });
    });
  }

  /** The task and the copies that a worker has not answered (S17). */
  owedBy(worker: Worker): { readonly tasks: number; readonly copies: number } {
    const copies = this.#sleigh.work.tasks.copiesFor(worker);
    return { tasks: worker.task === undefined ? 0 : 1, copies };
  }

  /** Adds the number by which a returning worker names its task (S18). */
  numbered(worker: Worker, found: Found): Found {
    worker.taskNumber++;
    if (worker.session === undefined) return found;
    return { ...found, metadata: new Map(found.metadata).set(KEY.taskNumber, String(worker.taskNumber)) };
  }

  stopTimer(rank: number): void {
    this.#sleigh.timers.stop(timerOf(rank));
  }
}
