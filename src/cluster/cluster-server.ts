import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { NODE_EDGE } from '../transport/edge.ts';
import { checkedPlugins } from '../transport/checked-plugins.ts';
import { Gate, type Credentials } from '../transport/gate.ts';
import { Seldom } from '../transport/seldom.ts';
import type { TcpOptions } from '../transport/tcp-options.ts';
import { reasonOf } from '../wire/error-kind.ts';
import type { OthersUse } from '../workspace/others-use.ts';
import { VERSION } from '../version.ts';
import { Balance, type Plan } from './balance.ts';
import type { ClusterEvents } from './cluster-events.ts';
import type { CheckedOptions } from './cluster-options.ts';
import { CLUSTER } from './errors.ts';
import { Front } from './front.ts';
import { Link, missing, type StoreLink } from './link.ts';
import { LinkPool } from './link-pool.ts';
import { memberOf, type Member, type MemberPage } from './member.ts';
import type { Ownership } from './partition.ts';
import { PartitionFailures } from './partition-failures.ts';
import { PartitionLog } from './partition-log.ts';
import type { Looked, OwnedPartition, PartitionHost, UnusablePartition } from './partition-host.ts';
import { LOOKS, PartitionServer } from './partition-server.ts';
import { OtherPartitions } from './others.ts';
import { PartitionTable, type Sight } from './partition-table.ts';
import { FORMAT, prepareTables, type StoreFormat } from './schema.ts';
import { aliveMsOf, ServerRegistry } from './server-registry.ts';
import { untilBeat } from './turn-batch.ts';
import { wholeOf } from './whole.ts';

/** The connections to the store that the partitions of a server share: for commits, and for large values. */
const COMMIT_LINKS = 4;
const BLOB_LINKS = 2;

/** A partition that nobody has claimed for so many times as a server counts as running is claimed by every server that sees it. */
const PATIENCE = 2;

const { loop } = NODE_EDGE.time;

export interface ClusterOptions {
  readonly tcp: TcpOptions;
  readonly shared: CheckedOptions;
  readonly logger: Logger;
  /** Its page, if it has one. */
  readonly web: MemberPage | undefined;
  /** The format of the store that it knows. A test gives another one. */
  readonly format?: number | undefined;
}

/** One server of several with one store: it owns some of the partitions, and forwards clients that need others to their owners. */
export class ClusterServer implements PartitionHost {
  readonly stopped: Promise<void>;
  readonly front: Front;
  readonly tcp: TcpOptions;
  readonly logger: Logger;
  readonly log: PartitionLog;
  readonly leaseMs: number;
  readonly format: number;
  readonly webPort: number | undefined;
  credentials: Credentials;
  readonly #events: ClusterEvents;
  readonly #gate: Gate;
  readonly #link: Link;
  readonly #links: Readonly<Record<'commits' | 'blobs', LinkPool>>;
  readonly #table: PartitionTable;
  readonly #failures: PartitionFailures;
  readonly #partitions: readonly PartitionServer[];
  readonly #registry: ServerRegistry;
  readonly #member: Member;
  readonly #balance: Balance;
  readonly #unanswered = new Seldom((times, fields) =>
    this.logger.warn({ ...fields, times }, 'the store cannot be asked who owns the data'),
  );
  #failure: Error | undefined;
  #ending: Promise<void> | undefined;
  #stopBalancing: () => void = () => undefined;
  #hasStopped: () => void = () => undefined;

  private constructor(
    { tcp, shared, logger, web, format = FORMAT }: ClusterOptions,
    events: ClusterEvents,
    { link, front, gate, partitions }: Prepared,
  ) {
    this.tcp = tcp;
    this.logger = logger;
    this.log = new PartitionLog(logger, loop);
    this.leaseMs = shared.leaseMs;
    this.format = format;
    this.webPort = web?.port;
    this.credentials = tcp;
    this.front = front;
    this.stopped = new Promise((resolve) => (this.#hasStopped = resolve));
    this.#events = events;
    this.#gate = gate;
    this.#link = link;
    const newLink = (): Link => linkOf(shared);
    this.#links = {
      commits: new LinkPool(Math.min(COMMIT_LINKS, partitions), newLink),
      blobs: new LinkPool(Math.min(BLOB_LINKS, partitions), newLink),
    };
    this.#table = new PartitionTable({ link, loop, leaseMs: this.leaseMs, aliveMs: aliveMsOf(this.leaseMs) });
    this.#failures = new PartitionFailures(link);
    const { port, linkPort } = front;
    this.#member = memberOf(shared.name, {
      host: shared.reachedAt,
      port,
      linkPort,
      linkTls: shared.linkTls,
      page: web,
      clientAddress: shared.clientAddress,
    });
    this.#balance = new Balance(shared.name, PATIENCE * aliveMsOf(this.leaseMs));
    this.#registry = new ServerRegistry({
      link: newLink(),
      member: this.#member,
      version: VERSION,
      format,
      leaseMs: this.leaseMs,
      loop,
      logger,
    });
    this.#partitions = Array.from({ length: partitions }, (_, number) => new PartitionServer(number, this));
  }

  /**
   * Listens, and claims partitions or stands by.
   * @throws if the store cannot be used, or the port
   */
  static async start(
    options: ClusterOptions,
    events: ClusterEvents,
    { host, port }: { readonly host: string; readonly port: number },
  ): Promise<ClusterServer> {
    const { shared, tcp, logger, web, format } = options;
    // A server that stands by would otherwise notice only when it claims the data.
    checkedPlugins(tcp.plugins, { isTraced: tcp.trace !== undefined });
    const link = linkOf(shared);
    try {
      const { secret, partitions } = await prepareTables(link, { partitions: shared.partitions, format });
      // It may be another version than the one that could not use some data.
      await new PartitionFailures(link).forget(shared.name);
      const gate = new Gate(tcp);
      const front = new Front({
        gate,
        logger,
        tcp,
        webPort: web?.port,
        secret,
        linkTls: shared.linkTls,
        partitions,
        store: shared.tellsOwners ? storeName(secret) : undefined,
        asked: events.asked,
      });
      await front.listen(host, port, shared.linkPort);
      const server = new ClusterServer(options, events, { link, front, gate, partitions });
      const about = { name: shared.name, partitions, host: front.host, port: front.port };
      events.begins(wholeOf({ ...about, reader: server.#registry.reader, secret, open: front.open }));
      for (const partition of server.#partitions) partition.start();
      server.#balanceLater();
      return server;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  get host(): string {
    return this.front.host;
  }
  get port(): number {
    return this.front.port;
  }
  get member(): Member {
    return this.#member;
  }

  /** Why it has ended by itself. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Replaces the credentials for later connections. @throws as `Gate.reload` */
  reload(credentials: Credentials): void {
    this.#gate.reload(credentials);
    this.credentials = credentials;
    for (const { tcp } of this.#partitions) tcp?.reload(credentials);
  }

  /** @param drain seconds in which the clients of an owner may finish */
  async close({ drain = 0 } = {}): Promise<void> {
    const partitions = this.#partitions.map((partition) => partition.stop(drain));
    this.#ending ??= this.#end(partitions);
    await this.stopped;
  }

  async #end(partitions: readonly Promise<void>[]): Promise<void> {
    this.#stopBalancing();
    // The others do not wait for this server to claim what it gives up.
    const hasLeft = this.#registry.close();
    this.front.close();
    await Promise.all([...partitions, hasLeft]);
    await Promise.all([this.#link, this.#links.commits, this.#links.blobs].map((each) => each.close()));
    this.front.destroy();
    this.log.close();
    this.#hasStopped();
  }

  stop(): void {
    void this.close();
  }

  failed(error: Error): void {
    this.#failure ??= error;
    this.stop();
  }

  unanswered(error: unknown): void {
    if (this.#ending === undefined) this.#unanswered.happened({ reason: reasonOf(error) });
  }

  linkFor(what: 'commits' | 'blobs'): StoreLink {
    return this.#links[what].take();
  }

  othersThan(partition: number): OthersUse {
    return new OtherPartitions(() => this.#partitions, partition);
  }

  traceOf(partition: number, epoch: number): string | undefined {
    const { trace } = this.tcp;
    if (trace === undefined) return undefined;
    return this.#partitions.length === 1 ? `${trace}.${epoch}` : `${trace}.${partition}.${epoch}`;
  }

  renew(partition: number, epoch: number): Promise<boolean> {
    return this.#table.renew(partition, epoch);
  }

  async look(partition: number): Promise<Looked> {
    const sight = await this.#table.look();
    const seen = sight.partitions[partition] ?? missing('the store has too few partitions');
    return {
      seen,
      isDue: sight.format <= this.format && this.#planFor(sight).claims.has(partition),
      isResting: sight.resting.get(partition)?.has(this.#member.name) === true,
      hasFailed: sight.failed.has(partition),
    };
  }

  #planFor({ partitions, live, resting }: Sight): Plan {
    const { name } = this.#member;
    // This server knows more than the store about itself.
    const owners = partitions.map((each, number) =>
      this.#partitions[number]?.isHeld === true ? name : ownerOf(each),
    );
    return this.#balance.plan({ owners, live: new Set([...live, name]), resting }, loop.now());
  }

  /** A server that has too many partitions gives them up, one after the other. With one partition there is nothing to share. */
  #balanceLater(): void {
    if (this.#partitions.length === 1) return;
    const wait = untilBeat(loop.now(), this.leaseMs / LOOKS);
    this.#stopBalancing = loop.startTimer(wait, () => void this.#giveUpSurplus());
  }

  async #giveUpSurplus(): Promise<void> {
    try {
      const sight = await this.#table.look();
      const { surplus } = this.#planFor(sight);
      if (surplus !== undefined) this.#partitions[surplus]?.giveUp();
    } catch (error) {
      this.unanswered(error);
    }
    if (this.#ending === undefined) this.#balanceLater();
  }

  owns(partition: number, { tcp, epoch, lease }: OwnedPartition): void {
    const { reader } = this.#registry;
    void reader.read();
    this.#events.owns(partition, tcp, {
      name: this.#member.name,
      partition,
      partitions: this.#partitions.length,
      epoch,
      get leaseLeftMs() {
        return lease.leftMs;
      },
      get stored() {
        return reader.storedOf(partition);
      },
    });
  }

  async noteFailure({ partition, epoch, error, culprit }: UnusablePartition): Promise<void> {
    const { name } = this.#member;
    const reason = reasonOf(error);
    const { code, message } = CLUSTER.unusable(partition, name, reason);
    this.logger.error({ partition, epoch, code, ...culprit, error }, message);
    const of = culprit === undefined ? '' : ` (record ${culprit.record})`;
    const failure = { partition, server: name, version: VERSION, epoch, reason: `${reason}${of}` };
    await this.#failures.note(failure).catch((failed: unknown) => this.unanswered(failed));
  }

  servesAgain(partition: number): void {
    this.logger.info({ partition }, 'the data of the partition can be used again');
    void this.#failures.passed(partition).catch((error: unknown) => this.unanswered(error));
  }

  standsBy(partition: number, owner: Member | undefined): void {
    this.#events.standsBy(partition, owner);
  }
}

/** What a server has before it knows where it listens. */
interface Prepared extends Pick<StoreFormat, 'partitions'> {
  readonly link: Link;
  readonly front: Front;
  readonly gate: Gate;
}

/** The same for all servers with a store. It does not reveal their secret. */
const storeName = (secret: string): string =>
  createHash('sha256').update(`store ${secret}`).digest('hex').slice(0, 16);

/** The name of the owner, if its lease is valid. */
const ownerOf = ({ owner, leaseMs }: Ownership): string | undefined =>
  leaseMs > 0 ? owner?.name : undefined;

const linkOf = ({ url, name, isUnsafe }: CheckedOptions): Link => new Link({ url, name, isUnsafe });
