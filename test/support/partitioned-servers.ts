import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Front } from '../../src/cluster/front.ts';
import { partOf } from '../../src/cluster/part-of.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { NODE_EDGE } from '../../src/transport/edge.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { TcpServer } from '../../src/transport/server.ts';
import type { TcpOptions } from '../../src/transport/tcp-options.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { eventually } from './eventually.ts';
import { HOST, linkOf, placeOf, startFront } from './fronts.ts';

const logger = createLogger('silent');

interface Owned {
  readonly core: TcpServer;
  /** Which of the servers owns the partition. */
  readonly by: number;
}

/** Two servers with one store in memory, each of which owns every other partition at first. */
export class PartitionedServers {
  readonly host = HOST;
  readonly fronts: readonly [Front, Front];
  readonly partitions: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sleigh-partitions-'));
  readonly #stores: readonly MemoryStore[];
  readonly #owned: Owned[] = [];

  /**
   * @param store its name, if the servers say who owns a workspace (D24)
   * @param options of each server, such as its certificate
   */
  static async start(
    partitions: number,
    store?: string,
    options: readonly [TcpOptions, TcpOptions] = [{}, {}],
  ): Promise<PartitionedServers> {
    const start = (of: 0 | 1): Promise<Front> => startFront(options[of], { partitions, store });
    const servers = new PartitionedServers([await start(0), await start(1)], partitions);
    for (let partition = 0; partition < partitions; partition++)
      await servers.#claim(partition, partition % 2);
    return servers;
  }

  private constructor(fronts: readonly [Front, Front], partitions: number) {
    this.fronts = fronts;
    this.partitions = partitions;
    this.#stores = Array.from({ length: partitions }, () => new MemoryStore());
  }

  /** What clients are told about where an owner is. A test may replace it. */
  placeFor: (owner: Front) => string = placeOf;

  /** The port of the first one. */
  get port(): number {
    return this.fronts[0].port;
  }

  /** The core that has the partition. */
  core(partition: number): TcpServer['core'] {
    return this.#of(partition).core.core;
  }
  /** All of them. */
  get cores(): readonly TcpServer['core'][] {
    return this.#owned.map(({ core }) => core.core);
  }

  #of(partition: number): Owned {
    const owned = this.#owned[partition];
    if (owned === undefined) throw new Error(`nobody owns partition ${partition}`);
    return owned;
  }

  async #claim(partition: number, by: number): Promise<void> {
    const [owner, other] = by === 0 ? this.fronts : [this.fronts[1], this.fronts[0]];
    const store = this.#stores[partition] ?? new MemoryStore();
    const edge = {
      ...NODE_EDGE,
      part: partOf(partition, this.partitions),
      listener: (core: Parameters<Front['listening']>[1]) => owner.listening(partition, core),
    };
    const core = new TcpServer({}, logger, undefined, edge, { store, blobs: this.#folder, sync: 'always' });
    this.#owned[partition] = { core, by };
    await core.listen(HOST, 0);
    other.forward(partition, linkOf(owner), this.placeFor(owner));
  }

  /** The owner of the partition loses it at once, with everything that is not durable. */
  async lose(partition: number): Promise<void> {
    const { core, by } = this.#of(partition);
    this.fronts[by === 0 ? 1 : 0].hold(partition);
    core.durability?.abandon(new Error('another server has claimed the partition'));
    await core.stopped;
  }

  /** The partitions whose owners have stopped. */
  get stopped(): readonly number[] {
    return this.#owned.flatMap(({ core }, partition) => (core.isStopping ? [partition] : []));
  }

  /** Ends a session in one partition when nobody uses it any more, as if its grace had elapsed there. */
  async endSession(partition: number, secret: string): Promise<void> {
    const { core } = this.#of(partition);
    await eventually(() => core.core.counts.connections === 0, 'nobody uses it');
    const stream = core.connect('the grace');
    const requests = [['resume session', secret], ['end session']];
    stream.end(`2222${requests.map((each) => encodeRequest(each, undefined)).join('')}`, 'latin1');
    stream.resume();
    await eventually(
      () => [...core.core.sessions.all].every((session) => session.secret !== secret),
      'the session has ended',
    );
  }

  /** The other server owns the partition from now on. */
  async move(partition: number): Promise<void> {
    const { by } = this.#of(partition);
    await this.lose(partition);
    await this.#claim(partition, 1 - by);
  }

  /** The server that owned the partition owns it again. */
  async claimAgain(partition: number): Promise<void> {
    await this.#claim(partition, this.#of(partition).by);
  }

  async close(): Promise<void> {
    for (const front of this.fronts) front.close();
    await Promise.all(this.#owned.map(({ core }) => core.close()));
    for (const front of this.fronts) front.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
