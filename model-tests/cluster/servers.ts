import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '../../src/wire/partition-of.ts';
import type { Address } from '../../src/verify/protocol-client.ts';
import { startSleigh, type ServeProcess } from '../../test/support/serve-process.ts';
import type { Random } from '../world/random.ts';
import type { Bed, ServerHost } from './bed/bed.ts';

/** Milliseconds in which another server must own the data, whatever happened. */
const PATIENCE_MS = 60_000;

interface Running {
  readonly host: ServerHost;
  process: ServeProcess;
  isPaused: boolean;
  isKilled: boolean;
}

/** Who owns a partition, and since when. */
export interface Owner {
  readonly partition: number;
  readonly name: string;
  readonly epoch: number;
}

export interface ServersOptions {
  readonly leaseMs: number;
  /** The default is 1. */
  readonly partitions?: number;
  /** Environment variables of all servers, for those with a planted fault. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Three servers as processes, with one store. */
export class Servers implements AsyncDisposable {
  readonly #bed: Bed;
  readonly #options: ServersOptions;
  readonly #running = new Map<string, Running>();
  /** What servers said that ended without being told to. */
  readonly endings: string[] = [];
  #connections = 0;

  private constructor(bed: Bed, options: ServersOptions) {
    this.#bed = bed;
    this.#options = options;
  }

  static async start(bed: Bed, options: ServersOptions): Promise<Servers> {
    const servers = new Servers(bed, options);
    for (const host of bed.hosts) {
      const process = await servers.#serve(host);
      servers.#running.set(host.name, { host, process, isPaused: false, isKilled: false });
      servers.#watch(host.name);
    }
    for (let partition = 0; partition < servers.partitions; partition++) await servers.ownerOf(partition);
    return servers;
  }

  #serve({ name, address, port, within, env }: ServerHost): Promise<ServeProcess> {
    const { leaseMs, partitions = 1, env: planted } = this.#options;
    const args = ['serve', '--no-web', '--host', address, '--port', String(port), '--name', name];
    const shared = ['--lease', String(leaseMs / 1_000), '--partitions', String(partitions)];
    const all = { ...process.env, ...env, ...planted };
    return startSleigh([...args, ...this.#bed.flags, ...shared, '--log-level', 'error'], all, within);
  }

  #watch(name: string): void {
    const running = this.#find(name);
    const { outcome } = running.process;
    void outcome.then(({ code, errors }) => {
      if (!running.isKilled) this.endings.push(`server ${name} has ended with ${code}: ${errors}`);
    });
  }

  /** The address of one server after the other, except those that are paused or killed. */
  readonly next = (): Address => {
    const able = [...this.#running.values()].filter(({ isPaused, isKilled }) => !isPaused && !isKilled);
    const { address, port } = able[this.#connections++ % able.length]?.host ?? {
      address: '127.0.0.1',
      port: 0,
    };
    return { host: address, port };
  };

  get names(): readonly string[] {
    return [...this.#running.keys()];
  }

  #find(name: string): Running {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`there is no server ${name}`);
    return running;
  }

  /** The processes of the servers. */
  get pids(): readonly number[] {
    return Array.from(this.#running.values(), ({ process }) => process.pid);
  }

  get partitions(): number {
    return this.#options.partitions ?? 1;
  }

  addressOf(name: string): Address {
    const { address, port } = this.#find(name).host;
    return { host: address, port };
  }

  /** Another server claims a partition, as if its owner had been paused, and leaves it to the first that wants it. */
  async takeOver({ partition, name, epoch }: Owner): Promise<void> {
    await this.#bed.ask(
      `UPDATE sleigh_partition SET epoch = epoch + 1, owner = 'other', address = 'other:1', link = '127.0.0.1:1',
        lease_until = clock_timestamp() + interval '500 milliseconds' WHERE partition = ${partition} AND epoch = ${epoch}`,
    );
    await this.ownerAfter({ partition, name, epoch: epoch + 1 });
  }

  /** Waits for an owner of this partition. */
  ownerOf(partition: number): Promise<Owner> {
    return this.ownerAfter({ partition, name: '', epoch: 0 });
  }

  /** Waits for an owner of any one partition. */
  someOwner(random: Random): Promise<Owner> {
    return this.ownerOf(random.whole(0, this.partitions - 1));
  }

  /** Waits for an owner whose epoch is above that of this one. */
  async ownerAfter({ partition, epoch: former }: Owner): Promise<Owner> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const [row] = await this.#bed
        .ask(
          `SELECT owner, epoch FROM sleigh_partition WHERE partition = ${partition} AND lease_until > clock_timestamp()`,
        )
        .catch(() => []);
      const name = this.names.find((each) => each === row?.['owner']);
      const epoch = Number(row?.['epoch']);
      if (name !== undefined && epoch > former) return { partition, name, epoch };
      if (performance.now() > end) throw new Error(`nobody owns partition ${partition} any more`);
      await sleep(10);
    }
  }

  /** The numbers of partitions that the servers own, by their names. */
  async shares(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.#bed.ask(
      'SELECT owner, count(*)::int AS count FROM sleigh_partition WHERE lease_until > clock_timestamp() GROUP BY owner',
    );
    return Object.fromEntries(rows.map(({ owner, count }) => [String(owner), Number(count)]));
  }

  /** When servers have taken over the partition of a workspace so far, in milliseconds since 1970. */
  async takeovers(workspace: string): Promise<readonly number[]> {
    const rows = await this.#bed.ask(
      `SELECT extract(epoch FROM at) * 1000 AS at FROM sleigh_takeover
        WHERE partition = ${partitionOf(workspace, this.partitions)} ORDER BY epoch`,
    );
    return rows.map(({ at }) => Number(at));
  }

  async kill(name: string): Promise<void> {
    const running = this.#find(name);
    running.isKilled = true;
    running.process.kill('SIGKILL');
    await running.process.outcome;
  }

  /** Starts a server that was killed. */
  async restart(name: string): Promise<void> {
    const { host } = this.#find(name);
    const process = await this.#serve(host);
    this.#running.set(name, { host, process, isPaused: false, isKilled: false });
    this.#watch(name);
  }

  pause(name: string): void {
    const running = this.#find(name);
    running.isPaused = true;
    running.process.kill('SIGSTOP');
  }

  resume(name: string): void {
    const running = this.#find(name);
    running.process.kill('SIGCONT');
    running.isPaused = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.names) {
      this.resume(name);
      await this.kill(name);
    }
  }
}
