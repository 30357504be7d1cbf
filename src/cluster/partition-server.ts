import { createActor } from 'xstate';
import { bind } from '../machines/bind.ts';
import { claimMachine, type ClaimEvent } from '../machines/claim.ts';
import { STORED } from '../store/errors.ts';
import { isFenced } from '../store/failure.ts';
import { NODE_EDGE } from '../transport/edge.ts';
import type { TcpServer } from '../transport/server.ts';
import { fault, plainError, reasonOf } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';
import { FENCED, LEASE_OVER } from './partition-log.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { isUnreachable, missing, type StoreLink } from './link.ts';
import { isSameMember, linkAddress, type Member } from './member.ts';
import { newCore } from './partition-core.ts';
import { Partition, type Ownership } from './partition.ts';
import type { OwnedPartition, PartitionHost } from './partition-host.ts';
import { PostgresDisk } from './postgres-disk.ts';
import { PostgresStore } from './postgres-store.ts';
import { untilBeat } from './turn-batch.ts';
import { abandon, culpritOf, isOfPartition, isOfServer, type Unusable } from './unusable.ts';

/** How often a server looks who owns a partition: so many times in a lease. */
export const LOOKS = 8;

const { loop } = NODE_EDGE.time;

/** What exists only while this server owns the partition. */
interface Owning extends OwnedPartition {
  readonly store: PostgresStore;
  readonly blobs: StoreLink;
  isLoaded: boolean;
}

/** One partition, from the side of one server: it owns the partition, or forwards clients that need it to the owner. */
export class PartitionServer {
  readonly number: number;
  readonly #host: PartitionHost;
  #seen: Ownership | undefined;
  /** What was claimed last, and when the claim began. */
  #store: { readonly store: PostgresStore; readonly claimedAt: number } | undefined;
  /** The owner to which clients are forwarded. */
  #forwardedTo: Member | undefined;
  #owning: Owning | undefined;
  /** Whether it is claimed, or may be. */
  #isHeld = false;
  /** Why the data cannot be used (D23). */
  #unusable: Unusable | undefined;
  /** Ends when the store knows that. */
  #noting: Promise<void> = Promise.resolve();
  /** Whether a server could not use the data, and none has served it since. */
  #hasFailed = false;
  #drain = 0;
  /** A claim, a load or an end that is under way. */
  #busy: Promise<void> = Promise.resolve();
  #stopTimer: () => void = () => undefined;
  readonly #stopped: Promise<void>;
  #hasStopped: () => void = () => undefined;
  readonly #claim = createActor(
    bind<typeof claimMachine, PartitionServer>(claimMachine, () => this, {
      look: (server) => void server.#look(),
      lookLater: (server) => server.#lookLater(),
      holdClients: (server) => server.#holdClients(),
      forwardClients: (server) => server.#forwardClients(),
      claim: (server) => server.#begin(server.#claimData()),
      load: (server) => server.#begin(server.#load()),
      serveClients: (server) => server.#serveClients(),
      noteFailure: (server) => server.#noteFailure(),
      dropData: (server) => server.#begin(server.#dropData()),
      handOver: (server) => server.#begin(server.#handOver()),
      stopServer: (server) => server.#host.stop(),
      release: (server) => void server.#release(),
      reportUnexpected: (server, { event }) =>
        server.#host.logger.error(
          { event: event.type, partition: server.number },
          'the machine of the claim does not expect this event',
        ),
    }),
  );

  constructor(number: number, host: PartitionHost) {
    this.number = number;
    this.#host = host;
    this.#stopped = new Promise((resolve) => (this.#hasStopped = resolve));
  }

  /** Whether this server owns the partition, or is about to. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Its core, while this server owns the partition. */
  get tcp(): TcpServer | undefined {
    return this.#owning?.tcp;
  }

  /** Claims the partition, or stands by. */
  start(): void {
    this.#claim.start();
  }

  /** Another server should own the partition. */
  giveUp(): void {
    this.#send({ type: 'surplus' });
  }

  /**
   * Gives the partition up for good.
   * @param drain seconds in which the clients of an owner may finish
   */
  async stop(drain: number): Promise<void> {
    this.#drain = drain;
    if (this.#claim.getSnapshot().status === 'active') this.#claim.send({ type: 'stop.asked' });
    else void this.#owning?.tcp.close({ drain });
    await this.#stopped;
  }

  #begin(work: Promise<void>): void {
    this.#busy = work;
  }

  async #look(): Promise<void> {
    const { member } = this.#host;
    try {
      const { seen, isDue, isResting, hasFailed } = await this.#host.look(this.number);
      this.#seen = seen;
      this.#hasFailed = hasFailed;
      const { owner, leaseMs } = seen;
      const isOurs = owner?.name === member.name && owner.address === member.address;
      if (leaseMs <= 0) this.#send({ type: 'lease.over', isDue });
      // This server was started again.
      else if (isOurs) this.#send({ type: 'lease.over', isDue: !isResting });
      else this.#send({ type: 'lease.held' });
    } catch (error) {
      this.#host.unanswered(error);
      this.#send({ type: 'store.unreachable' });
    }
  }

  #send(event: ClaimEvent): void {
    if (this.#claim.getSnapshot().status === 'active') this.#claim.send(event);
  }

  /** The partitions of a server look at the same time, with one statement. */
  #lookLater(): void {
    this.#stopTimer();
    const wait = untilBeat(loop.now(), this.#host.leaseMs / LOOKS);
    this.#stopTimer = loop.startTimer(wait, () => this.#send({ type: 'look.due' }));
  }

  #holdClients(): void {
    this.#forwardedTo = undefined;
    this.#host.front.hold(this.number);
  }

  #forwardClients(): void {
    const owner = this.#seen?.owner;
    if (owner === undefined) throw fault('nobody owns the data');
    if (isSameMember(owner, this.#forwardedTo)) return;
    this.#forwardedTo = owner;
    const to = linkAddress(owner);
    // Behind one address for all servers a client would not reach this one.
    const place = owner.address === this.#host.member.address ? '' : owner.address;
    if (to !== undefined) this.#host.front.forward(this.number, to, place);
    else {
      // One wrong row must not end the servers that read it.
      const { name, link } = owner;
      this.#host.logger.error(
        { partition: this.number, owner: name, link },
        CLUSTER.badAddress(name, link).message,
      );
      this.#host.front.hold(this.number);
    }
    this.#host.standsBy(this.number, owner);
  }

  async #claimData(): Promise<void> {
    const { leaseMs, logger, member, format } = this.#host;
    this.#isHeld = true;
    const link = this.#host.linkFor('commits');
    const store = new PostgresStore(link, new Partition(link, this.number, leaseMs), member);
    const claimedAt = loop.now();
    let event: 'claim.won' | 'claim.lost' | 'store.unreachable' = 'store.unreachable';
    try {
      event = (await store.claimAfter(this.#seen?.epoch ?? 0, format)) ? 'claim.won' : 'claim.lost';
    } catch (error) {
      const reason = reasonOf(error);
      logger.warn({ reason, partition: this.number }, 'it is not known whether the data was claimed');
    }
    const isWanted = event === 'claim.won' && this.#claim.getSnapshot().status === 'active';
    if (isWanted) this.#store = { store, claimedAt };
    else {
      await store.close();
      this.#isHeld = false;
    }
    this.#send({ type: event });
  }

  async #load(): Promise<void> {
    const { logger, log } = this.#host;
    const { store, claimedAt } = this.#store ?? missing('the data is not claimed');
    const { epoch } = store;
    log.happened('this server owns the data', this.number, {
      fields: { former: this.#seen?.owner?.name },
      epoch,
    });
    const blobs = this.#host.linkFor('blobs');
    const disk = new PostgresDisk(blobs, { partition: this.number, name: this.#host.member.name, epoch });
    const lease = new LeaseKeeper({
      renew: () => this.#host.renew(this.number, epoch),
      leaseMs: this.#host.leaseMs,
      claimedAt,
      loop,
      logger,
      over: () => log.happened(LEASE_OVER, this.number, { level: 'warn', epoch }),
      fenced: () => this.#send({ type: 'fenced' }),
    });
    const claimed = { store, blobs, lease };
    let owning: Owning | undefined;
    try {
      owning = { ...claimed, epoch, tcp: newCore(this.#host, this.number, { store, disk }), isLoaded: false };
      this.#owning = owning;
      await owning.tcp.listen(this.#host.front.host, this.#host.front.port);
      if (this.#isGivenUp(owning)) return;
    } catch (error) {
      // It was fenced meanwhile, or stops, and another part gives the data up.
      if (owning !== undefined && this.#isGivenUp(owning)) return;
      const isLost = isUnreachable(error) || disk.wasUnreachable;
      if (owning !== undefined && !isLost && !isFenced(error) && !isOfServer(error))
        return this.#cannotUse({ error, missingFile: disk.missing });
      this.#owning = undefined;
      const { code, message } = STORED.notLoaded(reasonOf(error));
      logger[isLost ? 'warn' : 'error']({ partition: this.number, epoch, code }, message);
      await abandon(owning?.tcp, plainError({ code, message }, { cause: error }));
      await this.#closeStore(claimed);
      return isLost ? this.#send({ type: 'store.unreachable' }) : this.#failed(error);
    }
    owning.isLoaded = true;
    const { tcp } = owning;
    void tcp.stopped.then(() => this.#ended(tcp));
    this.#send({ type: 'loaded' });
  }

  #isGivenUp(owning: Owning): boolean {
    return this.#owning !== owning || this.#claim.getSnapshot().status !== 'active';
  }

  /** What is left of a time in which this server owned the partition. */
  async #closeStore({ store, blobs, lease }: Pick<Owning, 'store' | 'blobs' | 'lease'>): Promise<void> {
    lease.stop();
    await store.close();
    await blobs.close();
    this.#store = undefined;
    this.#isHeld = false;
  }

  #failed(error: unknown): void {
    if (isFenced(error)) return this.#send({ type: 'fenced' });
    if (isOfPartition(error)) return this.#cannotUse({ error, missingFile: undefined });
    this.#send({ type: 'store.failed' });
    this.#host.failed(error instanceof Error ? error : fault(reasonOf(error)));
  }

  #cannotUse(unusable: Unusable): void {
    this.#unusable = unusable;
    this.#send({ type: 'data.unusable' });
  }

  #noteFailure(): void {
    const { store, epoch } = this.#owning ?? missing('the data is not claimed');
    const { error, missingFile } = this.#unusable ?? missing('the data can be used');
    const of = { partition: this.number, store, missingFile };
    this.#noting = culpritOf(error, of)
      .catch(() => undefined)
      .then((culprit) => this.#host.noteFailure({ partition: this.number, epoch, error, culprit }));
  }

  /** The core has stopped: for its store, or because a client or this server has asked for it. */
  #ended({ failure }: TcpServer): void {
    if (failure === undefined) this.#send({ type: 'core.stopped' });
    else this.#failed(failure);
  }

  #serveClients(): void {
    this.#host.owns(this.number, this.#owning ?? missing('the data is not loaded'));
    if (this.#hasFailed) this.#host.servesAgain(this.number);
    this.#hasFailed = false;
  }

  /** Nothing that waits to become durable is sent (D9). */
  async #dropData(): Promise<void> {
    const owning = this.#owning;
    const unusable = this.#unusable;
    this.#owning = undefined;
    this.#unusable = undefined;
    if (owning !== undefined) {
      const { epoch } = owning;
      const fenced = STORED.fenced(this.#host.member.name, epoch);
      if (unusable === undefined) this.#host.log.happened(FENCED, this.number, { level: 'warn', epoch });
      await abandon(owning.tcp, plainError(unusable ? STORED.notLoaded(reasonOf(unusable.error)) : fenced));
      // No other server must claim the data before the store knows that this one does not (D23).
      await this.#noting;
      await this.#closeStore(owning);
    }
    this.#dropped();
  }

  /** Everything that was begun becomes durable, and is sent. */
  async #handOver(): Promise<void> {
    const owning = this.#owning ?? missing('the data is not loaded');
    const { epoch } = owning;
    this.#host.log.happened('this server gives the data to another one', this.number, { epoch });
    await owning.tcp.close();
    await this.#noting;
    this.#unusable = undefined;
    await this.#closeStore(owning);
    if (this.#isGivenUp(owning)) return;
    this.#owning = undefined;
    this.#dropped();
  }

  #dropped(): void {
    this.#host.standsBy(this.number, undefined);
    this.#send({ type: 'dropped' });
  }

  async #release(): Promise<void> {
    this.#stopTimer();
    const owning = this.#owning;
    if (owning !== undefined) {
      // What is not loaded cannot become durable either.
      if (!owning.isLoaded) await abandon(owning.tcp, plainError(STORED.notLoaded('the server stops')));
      await owning.tcp.close({ drain: this.#drain });
      await this.#closeStore(owning);
    }
    await this.#busy;
    this.#hasStopped();
  }
}
