import { createActor } from 'xstate';
import type { Logger } from 'pino';
import { bind } from '../machines/bind.ts';
import { claimMachine, type ClaimEvent } from '../machines/claim.ts';
import { STORED } from '../store/errors.ts';
import { isFenced } from '../store/failure.ts';
import { NODE_EDGE } from '../transport/edge.ts';
import { checkedPlugins } from '../transport/checked-plugins.ts';
import { Gate, type Credentials } from '../transport/gate.ts';
import type { ListenerOptions } from '../transport/listening.ts';
import { Seldom } from '../transport/seldom.ts';
import { TcpServer } from '../transport/server.ts';
import type { TcpOptions } from '../transport/tcp-options.ts';
import { fault, plainError, reasonOf } from '../wire/error-kind.ts';
import { VERSION } from '../version.ts';
import type { ClusterEvents } from './cluster-events.ts';
import type { CheckedOptions } from './cluster-options.ts';
import { Front } from './front.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { isUnreachable, Link, missing } from './link.ts';
import { isSameMember, linkAddress, memberOf, type Member, type MemberPage } from './member.ts';
import { Partition, type Ownership } from './partition.ts';
import { PostgresDisk } from './postgres-disk.ts';
import { PostgresStore } from './postgres-store.ts';
import { prepareTables } from './schema.ts';
import { ServerRegistry } from './server-registry.ts';
import { wholeOf } from './whole.ts';

/** All workspaces have the same owner. */
const PARTITIONS = 1;
const PARTITION = 0;

/** How often a server that stands by looks whether the lease of the owner is over: so many times in a lease. */
const LOOKS = 8;

/** What stands in the place of the folder for large values. */
const BLOBS = 'blobs';

export interface ClusterOptions {
  readonly tcp: TcpOptions;
  readonly shared: CheckedOptions;
  readonly logger: Logger;
  /** Its page, if it has one. */
  readonly web: MemberPage | undefined;
}

/** What exists only while this server owns the data. */
interface Owning {
  readonly tcp: TcpServer;
  readonly store: PostgresStore;
  readonly epoch: number;
  readonly blobs: Link;
  readonly lease: LeaseKeeper;
}

/** One server of several with one store. It owns the data, or forwards its clients to the owner. */
export class ClusterServer {
  readonly stopped: Promise<void>;
  readonly #front: Front;
  readonly #options: ClusterOptions;
  readonly #events: ClusterEvents;
  readonly #gate: Gate;
  /** Those of the start, or of the last reload. */
  #credentials: Credentials;
  readonly #link: Link;
  readonly #partition: Partition;
  #member: Member = { name: '', address: '', link: '' };
  #registry: ServerRegistry | undefined;
  #seen: Ownership | undefined;
  readonly #unanswered = new Seldom((times, fields) =>
    this.#options.logger.warn({ ...fields, times }, 'the store cannot be asked who owns the data'),
  );
  /** What was claimed last, and when the claim began. */
  #store: { readonly store: PostgresStore; readonly claimedAt: number } | undefined;
  /** The owner to which clients are forwarded. */
  #forwardedTo: Member | undefined;
  #owning: Owning | undefined;
  #failure: Error | undefined;
  #drain = 0;
  #stopTimer: () => void = () => undefined;
  #hasStopped: () => void = () => undefined;
  readonly #claim = createActor(
    bind<typeof claimMachine, ClusterServer>(claimMachine, () => this, {
      look: (server) => void server.#look(),
      lookLater: (server) => server.#lookLater(),
      holdClients: (server) => server.#holdClients(),
      forwardClients: (server) => server.#forwardClients(),
      claim: (server) => void server.#claimData(),
      load: (server) => void server.#load(),
      serveClients: (server) => server.#serveClients(),
      dropData: (server) => void server.#dropData(),
      release: (server) => void server.#release(),
      reportUnexpected: (server, { event }) =>
        server.#options.logger.error(
          { event: event.type },
          'the machine of the claim does not expect this event',
        ),
    }),
  );

  private constructor(options: ClusterOptions, events: ClusterEvents, secret: string, link: Link) {
    const { tcp, shared, logger } = options;
    this.#options = options;
    this.#events = events;
    this.stopped = new Promise((resolve) => (this.#hasStopped = resolve));
    this.#gate = new Gate(tcp);
    this.#credentials = tcp;
    this.#link = link;
    this.#partition = new Partition(link, PARTITION, shared.leaseMs);
    const { gate, asked, webPort } = { gate: this.#gate, asked: events.asked, webPort: options.web?.port };
    this.#front = new Front({ gate, logger, tcp, webPort, secret, partitions: PARTITIONS, asked });
  }

  /**
   * Listens, and claims the data or stands by.
   * @throws if the store cannot be used, or the port
   */
  static async start(
    options: ClusterOptions,
    events: ClusterEvents,
    { host, port }: { readonly host: string; readonly port: number },
  ): Promise<ClusterServer> {
    const { shared, tcp } = options;
    // A server that stands by would otherwise notice only when it claims the data.
    checkedPlugins(tcp.plugins, { isTraced: tcp.trace !== undefined });
    const link = linkOf(shared);
    try {
      const secret = await prepareTables(link);
      const server = new ClusterServer(options, events, secret, link);
      const front = server.#front;
      await front.listen(host, port, shared.linkPort);
      server.#member = memberOf(shared.name, {
        host: shared.reachedAt,
        port: front.port,
        linkPort: front.linkPort,
        page: options.web,
      });
      const { leaseMs } = shared;
      const { loop } = NODE_EDGE.time;
      const { logger } = options;
      const registered = { member: server.#member, version: VERSION, leaseMs, loop, logger };
      server.#registry = new ServerRegistry({ link: linkOf(shared), ...registered });
      const about = { name: shared.name, partitions: PARTITIONS, host: front.host, port: front.port };
      events.begins(wholeOf({ ...about, reader: server.#registry.reader, secret }));
      server.#claim.start();
      return server;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  get host(): string {
    return this.#front.host;
  }
  get port(): number {
    return this.#front.port;
  }

  /** Why it has ended by itself. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Replaces the credentials for later connections. @throws as `Gate.reload` */
  reload(credentials: Credentials): void {
    this.#gate.reload(credentials);
    this.#credentials = credentials;
    this.#owning?.tcp.reload(credentials);
  }

  /** @param drain seconds in which the clients of an owner may finish */
  async close({ drain = 0 } = {}): Promise<void> {
    this.#drain = drain;
    if (this.#claim.getSnapshot().status === 'active') this.#claim.send({ type: 'stop.asked' });
    else void this.#owning?.tcp.close({ drain });
    await this.stopped;
  }

  async #look(): Promise<void> {
    try {
      this.#seen = await this.#partition.look();
      const { owner, leaseMs } = this.#seen;
      const isOurs = owner?.name === this.#member.name && owner.address === this.#member.address;
      this.#send({ type: leaseMs > 0 && !isOurs ? 'lease.held' : 'lease.over' });
    } catch (error) {
      this.#unanswered.happened({ reason: reasonOf(error) });
      this.#send({ type: 'store.unreachable' });
    }
  }

  #send(event: ClaimEvent): void {
    if (this.#claim.getSnapshot().status === 'active') this.#claim.send(event);
  }

  #lookLater(): void {
    this.#stopTimer();
    this.#stopTimer = NODE_EDGE.time.loop.startTimer(this.#options.shared.leaseMs / LOOKS, () =>
      this.#send({ type: 'look.due' }),
    );
  }

  #holdClients(): void {
    this.#forwardedTo = undefined;
    this.#front.hold(PARTITION);
  }

  #forwardClients(): void {
    const owner = this.#seen?.owner;
    if (owner === undefined) throw fault('nobody owns the data');
    if (isSameMember(owner, this.#forwardedTo)) return;
    this.#forwardedTo = owner;
    this.#front.forward(PARTITION, linkAddress(owner));
    this.#events.standsBy(PARTITION, owner);
  }

  async #claimData(): Promise<void> {
    const { shared } = this.#options;
    const link = linkOf(shared);
    const store = new PostgresStore(link, new Partition(link, PARTITION, shared.leaseMs), this.#member);
    const claimedAt = NODE_EDGE.time.loop.now();
    let event: ClaimEvent['type'] = 'store.unreachable';
    try {
      event = (await store.claimAfter(this.#seen?.epoch ?? 0)) ? 'claim.won' : 'claim.lost';
    } catch (error) {
      this.#options.logger.warn({ reason: reasonOf(error) }, 'it is not known whether the data was claimed');
    }
    const isWanted = event === 'claim.won' && this.#claim.getSnapshot().status === 'active';
    if (isWanted) this.#store = { store, claimedAt };
    else await store.close();
    this.#send({ type: event });
  }

  async #load(): Promise<void> {
    const { tcp: options, shared, logger, web } = this.#options;
    const { store, claimedAt } = this.#store ?? missing('the data is not claimed');
    const { epoch } = store;
    logger.info({ epoch, former: this.#seen?.owner?.name }, 'this server owns the data of the store');
    const blobs = linkOf(shared);
    const disk = new PostgresDisk(blobs, { partition: PARTITION, name: shared.name, epoch });
    const edge = {
      ...NODE_EDGE,
      time: store.time,
      disk,
      listener: (core: ListenerOptions) => this.#front.listening(PARTITION, core),
    };
    const { tls, admission } = this.#credentials;
    // The actors of a later time are others, and their steps belong into a trace of their own.
    const trace = options.trace === undefined ? undefined : `${options.trace}.${epoch}`;
    const current = { ...options, tls, admission, trace };
    const tcp = new TcpServer(current, logger, web?.port, edge, { store, blobs: BLOBS, sync: 'always' });
    const lease = new LeaseKeeper({
      partition: this.#partition,
      epoch,
      claimedAt,
      loop: NODE_EDGE.time.loop,
      logger,
      fenced: () => this.#send({ type: 'fenced' }),
    });
    const owning = { tcp, store, epoch, blobs, lease };
    this.#owning = owning;
    try {
      await tcp.listen(this.#front.host, this.#front.port);
    } catch (error) {
      // It was fenced meanwhile, or stops, and another part gives the data up.
      if (this.#isGivenUp(owning)) return;
      this.#owning = undefined;
      lease.stop();
      tcp.durability?.abandon(plainError(STORED.notLoaded(reasonOf(error)), { cause: error }));
      await tcp.stopped;
      await this.#giveUp(owning);
      if (!isUnreachable(error) && !disk.wasUnreachable) return this.#failed(error);
      return this.#send({ type: 'store.unreachable' });
    }
    if (this.#isGivenUp(owning)) return;
    void tcp.stopped.then(() => this.#ended(tcp));
    this.#send({ type: 'loaded' });
  }

  #isGivenUp(owning: Owning): boolean {
    return this.#owning !== owning || this.#claim.getSnapshot().status !== 'active';
  }

  /** What is left of a time in which this server owned the data. */
  async #giveUp({ store, blobs, lease }: Pick<Owning, 'store' | 'blobs' | 'lease'>): Promise<void> {
    lease.stop();
    await store.close();
    await blobs.close();
    this.#store = undefined;
  }

  #failed(error: unknown): void {
    if (isFenced(error)) return this.#send({ type: 'fenced' });
    this.#failure ??= error instanceof Error ? error : fault(reasonOf(error));
    this.#send({ type: 'store.failed' });
  }

  /** The core has stopped: for its store, or because a client has asked for it (P3). */
  #ended({ failure }: TcpServer): void {
    if (failure === undefined) this.#send({ type: 'stop.asked' });
    else this.#failed(failure);
  }

  #serveClients(): void {
    const { tcp, epoch, lease } = this.#owning ?? missing('the data is not loaded');
    const { reader } = this.#registry ?? missing('the server is not registered');
    void reader.read();
    this.#events.owns(PARTITION, tcp, {
      name: this.#member.name,
      partition: PARTITION,
      partitions: PARTITIONS,
      epoch,
      get leaseLeftMs() {
        return lease.leftMs;
      },
      get stored() {
        return reader.storedOf(PARTITION);
      },
    });
  }

  /** Nothing that waits to become durable is sent (D9). */
  async #dropData(): Promise<void> {
    const owning = this.#owning;
    this.#owning = undefined;
    if (owning !== undefined) {
      const { tcp, epoch } = owning;
      tcp.durability?.abandon(plainError(STORED.fenced(this.#member.name, epoch)));
      await tcp.stopped;
      await this.#giveUp(owning);
    }
    this.#events.standsBy(PARTITION, undefined);
    this.#send({ type: 'dropped' });
  }

  async #release(): Promise<void> {
    this.#stopTimer();
    this.#front.close();
    const owning = this.#owning;
    if (owning !== undefined) {
      await owning.tcp.close({ drain: this.#drain });
      await this.#giveUp(owning);
    }
    await Promise.all([this.#link.close(), this.#registry?.close()]);
    this.#front.destroy();
    this.#hasStopped();
  }
}

const linkOf = ({ url, name, isUnsafe }: CheckedOptions): Link => new Link({ url, name, isUnsafe });
