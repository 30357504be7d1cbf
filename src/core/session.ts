import { actorOf, type ActorOf } from '../actors/actor.ts';
import { storyOf, type Story } from '../actors/story.ts';
import type { ClosedBy, sessionMachine } from '../machines/session.ts';
import type { Changing } from '../store/change-recorder.ts';
import type { Entity, Fields, Key } from '../store/change.ts';
import type { RecordReader } from '../store/record.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { isLong, KEY } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import { isPieces, NO_METADATA } from '../wire/payload.ts';
import { NO_VALUE, STATUS } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';
import type { Account } from '../workspace/memory-budget.ts';
import type { Client, Found, PendingGet } from '../workspace/pending-get.ts';
import { References } from '../workspace/references.ts';
import { refusal, type Refusal } from '../workspace/refusal.ts';
import type { Timer } from '../workspace/timers.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { SESSION } from '../wire/session-refusals.ts';
import type { SessionHost } from './session-host.ts';
import { KeptReplies, type KeptReply } from './kept-replies.ts';
import type { Caller } from './verbs.ts';

/** What a session needs of the connection that it has. */
export interface SessionConnection {
  readonly peer: string;
  answer(get: PendingGet, found: Found): void;
  refuse(get: PendingGet, reason: Refusal): void;
  /** Another connection has taken up its session. */
  replaced(): void;
}

/** What a session is made of. */
export interface SessionOrigin {
  /** Unique in the server; for records. */
  readonly number: number;
  readonly secret: string;
  /** Seconds within which the client may come back. */
  readonly grace: number;
  readonly peer: string;
}

/** Whoever keeps the sessions of a server. */
export interface SessionKeeper {
  readonly machine: typeof sessionMachine;
  /** The actor of a session has failed. */
  failed(session: Session, error: unknown): void;
}

/** Sessions have ids above those of connections, so that both are clients with ids of their own. */
const FIRST_ID = 2 ** 40;
export const isSessionId = (id: number): boolean => id >= FIRST_ID;
export const numberOfSession = (id: number): number => id - FIRST_ID;

/** A request of a session: what its session says of it. */
export interface NumberedRequest {
  /** Undefined if the number is none. */
  readonly number: number | undefined;
  /** The request, without what is only for the session. */
  readonly request: Request;
  /** The reply to it, if it was carried out before. */
  readonly reply: KeptReply | undefined;
}

/** The numbers of workspaces that survive the server. */
const numbersOf = (workspaces: Iterable<Workspace>): number[] =>
  [...workspaces].filter(({ record }) => record.isDurable).map(({ number }) => number);

const CARRIED_OUT: KeptReply = { status: STATUS.ok, metadata: NO_METADATA };

/**
 * A client whose connection may be replaced (P15). It owns what otherwise belongs to a connection: open workspaces,
 * owned workspaces, and roles in jobs.
 */
export class Session implements Caller, Changing {
  readonly id: number;
  readonly number: number;
  readonly key: Key;
  readonly secret: string;
  readonly grace: number;
  /** HOST:PORT of its first connection. */
  readonly peer: string;
  readonly closeListeners: Client['closeListeners'] = new Set();
  readonly account: Account;
  readonly references: References;
  readonly replies: KeptReplies;
  /** Its workspaces do not depend on a connection, also not when the server is started again. */
  readonly isSession = true;
  killsServer = false;
  #connection: SessionConnection | undefined;
  /** The connection that was replaced, until it is notified. */
  #former: SessionConnection | undefined;
  /** How often its client has come, and the other partitions in which it uses this session (D18). */
  #arrival = 0;
  readonly #partitions = new Set<number>();
  /** The number of the last request that was carried out, and as the store has it. */
  #last = 0;
  #recordedLast = 0;
  #graceTimer: Timer | undefined;
  #isOver = false;
  readonly #core: SessionHost;
  readonly #actor: ActorOf<typeof sessionMachine>;

  constructor({ number, secret, grace, peer }: SessionOrigin, core: SessionHost, keeper: SessionKeeper) {
    this.id = FIRST_ID + number;
    this.number = number;
    this.key = ['session', number];
    this.secret = secret;
    this.grace = grace;
    this.peer = peer;
    this.#core = core;
    this.account = core.accounting.budget.newClient();
    this.references = new References(core.accounting.budget, this.account, () => this.changed());
    this.replies = new KeptReplies(core, number, this.account);
    this.#actor = actorOf(keeper.machine, {
      id: 'session',
      input: { id: number },
      failed: (error) => keeper.failed(this, error),
      ...core.systemOf(`session ${number}`),
    });
    this.#actor.start();
  }

  /** Its actor, for reading only. */
  get actor(): ActorOf<typeof sessionMachine> {
    return this.#actor;
  }
  get story(): Story | undefined {
    return storyOf(this.#actor);
  }
  get mayStopServer(): boolean {
    return this.#core.mayBeStopped;
  }

  /** A new session has its first connection. */
  begin(connection: SessionConnection): void {
    this.#connection = connection;
  }

  /** A connection takes it up (P15.2). */
  resume(connection: SessionConnection): void {
    const former = this.#connection;
    this.#connection = connection;
    this.#former = former;
    this.#actor.send({ type: 'resumed' });
  }

  /** The older connection has not closed yet, and does not belong to it any more. */
  replaceConnection(): void {
    this.#former?.replaced();
    this.#former = undefined;
  }

  /** P15.4. */
  endSession(): Refusal | undefined {
    this.#actor.send({ type: 'end.asked' });
    return undefined;
  }

  openSession(): Refusal {
    return refusal(SESSION.hasOne());
  }
  resumeSession(): Refusal {
    return refusal(SESSION.hasOne());
  }

  /**
   * Its client comes, or a server takes it up again for the client (D18).
   * @param arrival 0, or how often the client had come to that server's knowledge; undefined if nobody counts
   * @returns whether the client has not come to another server since
   */
  arrives(arrival: number | undefined): boolean {
    if (arrival === undefined) return true;
    this.#core.changes.read();
    const next = arrival === 0 ? this.#arrival + 1 : arrival;
    if (next < this.#arrival) return false;
    if (next > this.#arrival) this.changed();
    this.#arrival = next;
    return true;
  }

  /** What a server that counts arrivals must know (D18). */
  places(arrival: number | undefined): readonly (readonly [string, string])[] {
    if (arrival === undefined) return [];
    return [
      [KEY.arrival, String(this.#arrival)],
      [KEY.partitions, [...this.#partitions].join(' ')],
    ];
  }

  /** D18. */
  notePartition(text: string): Refusal | undefined {
    const partition = parseWhole(text);
    const most = BOUNDS.partitionCount.value;
    if (partition === undefined || !(partition >= 0 && partition < most))
      return refusal(SESSION.badPartition(text, most));
    if (this.#partitions.has(partition)) return undefined;
    this.#partitions.add(partition);
    this.changed();
    return undefined;
  }

  connectionClosed(connection: SessionConnection, by: ClosedBy): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#actor.send({ type: 'connection.closed', by });
  }

  startGrace(): void {
    this.#graceTimer = this.#core.timers.start(this.grace * 1000, () =>
      this.#actor.send({ type: 'grace.elapsed' }),
    );
  }
  stopGrace(): void {
    this.#graceTimer?.stop();
  }

  answer(get: PendingGet, found: Found): void {
    this.#connection?.answer(get, found);
  }
  refuse(get: PendingGet, reason: Refusal): void {
    this.#connection?.refuse(get, reason);
  }

  /**
   * Reads the number of a request, and the number of replies that the client has (P15.1).
   * @returns undefined if the request has no number
   */
  numbered(request: Request): NumberedRequest | undefined {
    const text = request.metadata.get(KEY.request);
    if (text === undefined) return undefined;
    const metadata = new Map(request.metadata);
    metadata.delete(KEY.request);
    metadata.delete(KEY.answered);
    const plain = { ...request, metadata: metadata.size === 0 ? NO_METADATA : metadata };
    const number = parseWhole(text);
    this.replies.acknowledge(parseWhole(request.metadata.get(KEY.answered) ?? '') ?? 0);
    if (number === undefined) return { number, request: plain, reply: undefined };
    return { number, request: plain, reply: this.#replyTo(number, request.verb) };
  }

  /** A request that changes nothing is carried out again. */
  #replyTo(number: number, verb: string): KeptReply | undefined {
    const kept = this.replies.find(number);
    const reply = kept ?? (number > this.#last || isLong(verb) ? undefined : CARRIED_OUT);
    // What it says may not be durable yet, and it comes over another connection than the first reply (D2).
    if (reply !== undefined) this.#core.changes.read();
    return reply;
  }

  /** Keeps the reply to a request that was carried out, in the same change as its effect. */
  keep(number: number, reply: KeptReply): void {
    const { metadata, value } = reply;
    if (value !== undefined && isPieces(value.payload)) return;
    this.#last = Math.max(this.#last, number);
    if (metadata.size > 0 || value !== undefined) this.replies.keep(number, reply);
    if (this.#core.isTouched) this.#record();
  }

  /** A refused request has changed nothing; its refusal is kept so that it keeps its place among the others. */
  keepRefusal(number: number, { status, reason }: Refusal, isLong: boolean): void {
    const metadata = new Map([[KEY.reason, reason]]);
    this.replies.keep(number, { status, metadata, value: isLong ? NO_VALUE : undefined });
  }

  #record(): void {
    this.#recordedLast = this.#last;
    this.replies.record();
    this.changed();
  }

  /** What survives the server has changed. */
  changed(): void {
    if (!this.#isOver) this.#core.changes.touch(this);
  }

  /** It has ended: nothing of it survives the server. */
  end(): void {
    this.#isOver = true;
    this.stopGrace();
    this.replies.clear();
    this.#core.changes.delete(this.key);
  }

  fields(): Fields {
    return {
      secret: this.secret,
      grace: this.grace,
      peer: this.peer,
      last: this.#recordedLast,
      workspaces: numbersOf(this.references.values()),
      owned: numbersOf(this.references.opened),
      ...(this.#arrival + this.#partitions.size > 0 && {
        arrival: this.#arrival,
        partitions: [...this.#partitions],
      }),
    };
  }

  /** As a store must have it. */
  *entities(): Generator<Entity> {
    yield { key: this.key, fields: this.fields() };
    yield* this.replies.entities();
  }

  /** It is of before a restart. */
  restore(record: RecordReader): void {
    this.#last = record.number('last');
    this.#recordedLast = this.#last;
    const arrival = record.optionalNumber('arrival');
    if (arrival === undefined) return;
    this.#arrival = arrival;
    for (const partition of record.numbers('partitions')) this.#partitions.add(partition);
  }

  /** The connection of before the restart has closed. */
  disconnected(): void {
    this.#actor.send({ type: 'connection.closed', by: 'client' });
  }
}
