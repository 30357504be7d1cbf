import {
  ownerSearchMachine,
  type OwnerSearchCommand,
  type OwnerSearchEvent,
} from '../../machines/pool/owner-search.ts';
import { authorityOf, isLoopback, parseAuthority, type Address } from '../../wire/authority.ts';
import { reasonOf } from '../../wire/error-kind.ts';
import { KEY, VERB } from '../../wire/names.ts';
import type { Reply } from '../../wire/reply-decoder.ts';
import { STATUS } from '../../wire/reply.ts';
import { CONNECTION } from '../errors/connection.ts';
import { LifeCycle, LifeCycleTable } from '../life-cycle.ts';
import type { Channel } from './channel.ts';
import { ConnectionLostError } from './errors.ts';
import { serversBeside, type StoreServers } from './known-servers.ts';
import type { SessionPlatform } from './session-channel.ts';

/** Milliseconds between two questions: at first, and at most. */
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** Milliseconds for which it is asked again: longer than the usual lease (D11). */
const PATIENCE_MS = 10_000;

const TABLE = new LifeCycleTable(ownerSearchMachine);

/** Connects to the server that the program names, or to another one. */
export type OpenChannel = (at?: Address) => Promise<Channel>;

export interface OwnerSearchOptions {
  readonly open: OpenChannel;
  /** HOST:PORT of the server that the program names. */
  readonly first: string;
  /** HOST:PORT of others with the same store. */
  readonly others: readonly string[];
  /** The workspace that the connection is mostly for, in Latin-1; undefined if the client stays where it connects. */
  readonly workspace: string | undefined;
  readonly platform: Pick<SessionPlatform, 'random' | 'servers'>;
}

/** Where a search has led to. */
export interface Place {
  readonly channel: Channel;
  /** The number of partitions of the data, if the server has said it. */
  readonly partitions: number | undefined;
}

/**
 * Connects to the server that owns a workspace, or to one that forwards its requests to the owner (D24).
 * @throws as Channel.open
 */
export const findOwner = (options: OwnerSearchOptions): Promise<Place> => new OwnerSearch(options).place;

class OwnerSearch {
  readonly place: Promise<Place>;
  readonly #options: OwnerSearchOptions;
  readonly #servers: StoreServers;
  readonly #others: string[];
  readonly #life: LifeCycle<OwnerSearchEvent, OwnerSearchCommand, never>;
  /** The connection so far, and that to the owner. */
  #channel: Channel | undefined;
  #former: Channel | undefined;
  #owner: Address | undefined;
  #partitions: number | undefined;
  #missingSince: number | undefined;
  #wait = SHORTEST_PAUSE_MS;
  #error: unknown;
  /** Why servers could not be used, in the order in which they were tried. */
  readonly #unreached: string[] = [];
  #resolve: (place: Place) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(options: OwnerSearchOptions) {
    const { first, others, workspace, platform } = options;
    this.#options = options;
    this.#servers = platform.servers.from(first);
    this.#others = serversBeside(first, others, workspace === undefined ? [] : this.#servers.met);
    this.#life = new LifeCycle(TABLE, {
      connectFirst: () => void this.#reach(undefined),
      connectNext: () => this.#connectNext(),
      askOwner: () => void this.#ask(),
      connectOwner: () => void this.#reach(this.#owner),
      pause: () => this.#pause(),
      leaveFormer: () => this.#former?.close(),
      settle: () => this.#settle(),
      fail: () => this.#fail(),
    });
    this.place = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#life.send({ type: 'search.begun' });
  }

  /** @param at another server than that of the program */
  async #reach(at: Address | undefined): Promise<void> {
    try {
      const channel = await this.#options.open(at);
      const { store = channel.offer.store } = this.#servers;
      if (at !== undefined && channel.offer.store !== store) {
        channel.close();
        throw new ConnectionLostError(CONNECTION.otherStore(channel.address));
      }
      this.#former = this.#channel;
      this.#channel = channel;
      this.#servers.meet(channel.address, channel.offer.store);
      this.#life.send({ type: 'connected' });
    } catch (error) {
      this.#error ??= error;
      if (this.#owner !== undefined) return this.#life.send(this.#withoutOwner());
      this.#unreached.push(reasonOf(error));
      this.#life.send(unreached(error, at));
    }
  }

  #connectNext(): void {
    const next = this.#others.shift();
    const at = next === undefined ? undefined : parseAuthority(next);
    if (at !== undefined) return void this.#reach(at);
    if (this.#unreached.length > 1)
      this.#error = new ConnectionLostError(CONNECTION.noneReachable(this.#unreached.join('; ')), {
        cause: this.#error,
      });
    this.#life.send({ type: 'none.left' });
  }

  async #ask(): Promise<void> {
    const [channel, { workspace }] = [this.#channel, this.#options];
    if (channel?.offer.store === undefined || workspace === undefined)
      return this.#life.send({ type: 'stays' });
    try {
      const reply = await channel.exchange([VERB.locateWs, workspace], new Map());
      this.#life.send(this.#told(reply, channel));
    } catch (error) {
      this.#error = error;
      this.#life.send({ type: 'attempt.failed' });
    }
  }

  /** What the server has said about the owner. */
  #told({ status, metadata }: Reply, { address, clock }: Channel): OwnerSearchEvent {
    const owner = metadata.get(KEY.owner);
    this.#owner = undefined;
    this.#partitions = Number(metadata.get(KEY.partitionCount) ?? 1);
    if (status === STATUS.ok && owner === undefined) return this.#withoutOwner();
    const at = parseAuthority(owner ?? '');
    const isElsewhere = at !== undefined && owner !== undefined && owner !== address;
    if (isElsewhere && mayLeadFrom(address, at) && !this.#servers.isAvoided(owner, clock.now())) {
      this.#owner = at;
      return { type: 'owner.elsewhere' };
    }
    return { type: 'stays' };
  }

  /** There is no owner, or it cannot be reached. One that was reached before has gone, and another server is about to be the owner. */
  #withoutOwner(): OwnerSearchEvent {
    const now = this.#channel?.clock.now() ?? 0;
    const owner = this.#owner && authorityOf(this.#owner.host, this.#owner.port);
    this.#missingSince ??= now;
    const isExpected = now - this.#missingSince < PATIENCE_MS;
    if (isExpected && (owner === undefined || this.#servers.hasMet(owner))) return { type: 'owner.missing' };
    if (owner !== undefined) this.#servers.avoid(owner, now);
    return { type: owner === undefined ? 'stays' : 'unreachable' };
  }

  /** A random part prevents all clients from asking at the same moment. */
  #pause(): void {
    const { clock } = this.#channel ?? {};
    const wait = this.#wait * (0.5 + this.#options.platform.random());
    this.#wait = Math.min(2 * this.#wait, LONGEST_PAUSE_MS);
    clock?.startTimer(wait, () => this.#life.send({ type: 'pause.elapsed' }));
  }

  #settle(): void {
    const channel = this.#channel;
    if (channel === undefined) return this.#fail();
    this.#resolve({ channel, partitions: this.#partitions });
  }

  /** There is no connection, or it is lost. */
  #fail(): void {
    this.#reject(this.#error);
  }
}

/**
 * A program that is not admitted at the server that it names is not at another one either. At the address of another server
 * there may be something else by now, so the next one is tried, whatever happens there.
 * @param at the other server
 */
const unreached = (error: unknown, at: Address | undefined): OwnerSearchEvent => ({
  type:
    at !== undefined || (error instanceof ConnectionLostError && error.code === 'unreachable')
      ? 'unreachable'
      : 'attempt.failed',
});

/** A loopback address of another machine would lead to a server of this one. */
const mayLeadFrom = (from: string, { host }: Address): boolean =>
  !isLoopback(host) || isLoopback(parseAuthority(from)?.host ?? '');
