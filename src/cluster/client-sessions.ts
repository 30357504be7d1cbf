import { VERB } from '../wire/names.ts';
import type { Metadata } from '../wire/payload.ts';
import type { Request } from '../wire/request.ts';
import { heldSession, ownSession, type ClientSession } from './client-session.ts';
import {
  OwnerSession,
  type OwnerSessionFacts,
  type OwnerSessionHost,
  type SessionClient,
} from './owner-session.ts';
import { askedFor, type UnansweredRequest } from './request-queue.ts';

/** The session of one client at the owners of all partitions that it uses. */
export class ClientSessions {
  readonly #client: SessionClient;
  readonly #host: OwnerSessionHost;
  #session: ClientSession;
  readonly #byPartition = new Map<number, OwnerSession>();
  /** Those that ask for a part of a listing only. */
  readonly #bare = new Set<OwnerSession>();
  /** The other partitions in which a session of the client's own is used, when its home has answered. */
  #others: readonly number[] | undefined;
  /** Whether the client has asked that an owner stops when it disconnects (P3). */
  killsServer = false;

  constructor(client: SessionClient, host: OwnerSessionHost) {
    this.#client = client;
    this.#host = host;
    this.#session = heldSession(host.partitions);
  }

  /** The partition for requests that name no workspace. */
  get home(): number {
    return this.#session.home;
  }
  /** Whether the client has begun the session itself. */
  get isOwn(): boolean {
    return this.#session.isOwn;
  }
  get all(): Iterable<OwnerSession> {
    return this.#byPartition.values();
  }
  /** The metadata of the reply of the home to the request that has begun the session, or resumed it. */
  get begun(): { readonly status: string; readonly metadata: Metadata } | undefined {
    return this.#byPartition.get(this.home)?.begun;
  }
  /** Whether the session has begun, or is resumed wherever it is used (D18). */
  get isJoined(): boolean {
    const { begun } = this;
    if (this.isOwn && begun !== undefined) this.#others ??= this.#session.joined(begun.metadata);
    return [this.home, ...(this.#others ?? [])].every((each) => this.#byPartition.get(each)?.isReady);
  }

  /** Whether the owners have got all requests. */
  get areReady(): boolean {
    for (const { isReady } of this.all) if (!isReady) return false;
    return true;
  }

  /** That in a partition, which is begun if there is none yet. */
  in(partition: number, { hasSession = false, isNoted = false } = {}): OwnerSession {
    const known = this.#byPartition.get(partition);
    if (known !== undefined) return known;
    const isKnownAtHome = isNoted || !this.isOwn || partition === this.home;
    const session = this.#new({ partition, isBare: false, hasSession, isNoted: isKnownAtHome });
    this.#byPartition.set(partition, session);
    session.start();
    // The owner of the home is the one that stops.
    if (this.killsServer) this.in(this.home);
    return session;
  }

  #new(facts: Omit<OwnerSessionFacts, 'session'>): OwnerSession {
    return new OwnerSession(
      { ...facts, session: this.#session },
      { client: this.#client, sessions: this },
      this.#host,
    );
  }

  /** That in each partition; for a listing only wherever the client has none yet (D17). */
  everywhere(): readonly OwnerSession[] {
    return Array.from({ length: this.#host.partitions }, (_, partition) => {
      const known = this.#byPartition.get(partition);
      if (known !== undefined) return known;
      const bare = this.#new({ partition, isBare: true, hasSession: false, isNoted: true });
      this.#bare.add(bare);
      bare.start();
      return bare;
    });
  }

  /** Whether it is one of them. One that ends by itself is not any more. */
  has(session: OwnerSession): boolean {
    return this.#bare.has(session) || this.#byPartition.get(session.partition) === session;
  }
  isBare(session: OwnerSession): boolean {
    return this.#bare.has(session);
  }
  endBare(): void {
    for (const bare of this.#bare) bare.end();
    this.#bare.clear();
  }

  /** The client begins or resumes a session of its own (D15). */
  joinHome(first: Request): void {
    this.#session = ownSession(first, this.#host.partitions);
    this.in(this.home);
  }

  /** D18. */
  joinOthers(): void {
    for (const partition of this.#others ?? []) this.in(partition, { hasSession: true, isNoted: true });
  }

  /** The client has no session of its own after all. */
  goOnWithout(): void {
    this.#session = heldSession(this.#host.partitions);
    this.#others = undefined;
  }

  killsOwnerOf(partition: number): boolean {
    return this.killsServer && partition === this.home;
  }

  /** The home of the session is to note the partition (D18). */
  note(partition: number, noted: () => void): void {
    this.in(this.home).pass(askedFor(VERB.notePartition, [String(partition)], noted));
  }

  /** The client has asked that the session ends with its connection (P15.4). */
  endsWithConnection(): void {
    this.#session.ends = true;
  }

  /** Ends the links to the owners that have got everything. @returns the requests without a reply */
  leaveReady(): readonly UnansweredRequest[] {
    return [...this.all].flatMap((each) => {
      if (!each.isReady) return [];
      this.#byPartition.delete(each.partition);
      return each.end({ endsSession: this.#session.ends });
    });
  }

  /**
   * Ends the links to the owners when everything is sent.
   * @param ends whether a session of the client's own ends, too
   * @returns the requests without a reply
   */
  leave(ends: boolean): readonly UnansweredRequest[] {
    this.endBare();
    const endsSession = ends || this.#session.ends;
    const left = [...this.all].flatMap((each) => each.end({ endsSession }));
    this.#byPartition.clear();
    return left;
  }
}
