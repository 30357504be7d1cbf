import { reasonOf } from '../../wire/error-kind.ts';
import { randomUUID } from 'node:crypto';
import { KEY, VARIABLE } from '../../wire/names.ts';
import { Follower } from '../workspace/follower.ts';
import { LaunchError, type Launched, type LaunchOrder } from './launcher.ts';
import { ConnectionPool } from '../connection/connection-pool.ts';
import type { RemoteLaunchOrder } from './remote-launch-order.ts';
import { RemoteLaunch, type RemoteLaunchCommand } from './remote-launch.ts';
import { LAUNCH } from '../errors/job.ts';
import { delay } from '../clock.ts';
import { thisHost, type Platform } from '../platform.ts';

/** A sentinel to start elsewhere. */
export interface RemoteLaunchPlan {
  /** A name for people, such as the host. */
  readonly name: string;
  readonly workers: number;
  readonly command: (order: RemoteLaunchOrder) => RemoteLaunchCommand;
}

/** Milliseconds that remote sentinels have to end their workers, and that the local programs have to end after that. */
const END_LIMIT_MS = 5_000;
/**
 * A program that ends differently has failed or was ended. With this status its sentinel stores to `bye` when it
 * ends.
 */
const WELL = 'exit status 0';

/** How a program is started here, and the clock and the network of this host. */
interface Parts {
  readonly platform: Platform;
  readonly startRemoteLaunch: typeof RemoteLaunch.start;
}

const HERE: Parts = { platform: thisHost, startRemoteLaunch: RemoteLaunch.start.bind(RemoteLaunch) };

/** Starts all of them, or none. */
export async function startRemoteLaunches(
  order: LaunchOrder,
  plans: readonly RemoteLaunchPlan[],
  parts = HERE,
): Promise<Launched> {
  const stations = new RemoteLaunches(order, plans, parts);
  await stations.start();
  return stations;
}

/** A host and its number of workers. */
export interface Share {
  readonly host: string;
  readonly workers: number;
}

/** @returns the number of workers of each host, divided evenly; hosts without workers are omitted */
export function shares(workers: number, hosts: readonly string[]): readonly Share[] {
  const share = (at: number): number => Math.floor((workers + hosts.length - 1 - at) / hosts.length);
  return hosts.map((host, at) => ({ host, workers: share(at) })).filter((each) => each.workers > 0);
}

class RemoteLaunches implements Launched {
  readonly gone: Promise<string>;
  readonly #order: LaunchOrder;
  readonly #plans: readonly RemoteLaunchPlan[];
  readonly #parts: Parts;
  readonly #stations: RemoteLaunch[] = [];
  /** The prefix of the names of its stations, because a job may be launched several times. */
  readonly #id = randomUUID();
  /** How each program has ended, and how many of its workers have, by the name of its station. */
  readonly #ends = new Map<string, string>();
  readonly #byes = new Map<string, number>();
  #reason = '';
  #lines: ConnectionPool | undefined;
  #isStopping = false;
  #notifyGone: (reason: string) => void = () => undefined;

  constructor(order: LaunchOrder, plans: readonly RemoteLaunchPlan[], parts: Parts) {
    this.#order = order;
    this.#plans = plans;
    this.#parts = parts;
    this.gone = new Promise((resolve) => (this.#notifyGone = resolve));
  }

  async start(): Promise<void> {
    const { server, workspace, unref, reconnectGrace } = this.#order;
    this.#lines = await ConnectionPool.open(
      { ...server, workspace, unref, reconnectGrace },
      this.#parts.platform,
    );
    try {
      await this.#lines.main.useWorkspace(workspace, { create: false });
      void new Follower(this.#lines, workspace, VARIABLE.bye, ({ metadata }) => {
        this.#heardBye(
          metadata.get(KEY.station) ?? '',
          Number(metadata.get(KEY.workers) ?? 0),
          metadata.get(KEY.byeReason),
        );
      });
      for (const [at, plan] of this.#plans.entries()) await this.#startStation(this.#nameOf(at), plan);
    } catch (error) {
      await this.stop();
      throw new LaunchError(LAUNCH.workersNotStarted(reasonOf(error)), { cause: error });
    }
  }

  #nameOf(at: number): string {
    return `${this.#id} ${at}`;
  }

  #heardBye(station: string, workers: number, reason = ''): void {
    if (!station.startsWith(this.#id)) return;
    this.#byes.set(station, (this.#byes.get(station) ?? 0) + workers);
    this.#reason = reason;
    this.#look();
  }

  async #startStation(id: string, { name, workers, command }: RemoteLaunchPlan): Promise<void> {
    const { hosts: _hosts, unref, onDeath: _onDeath, onOutput, ...details } = this.#order;
    const station = await this.#parts.startRemoteLaunch(
      { ...command({ ...details, workers, station: id }), unref },
      onOutput,
    );
    this.#stations.push(station);
    void station.ended.then((how) => {
      if (how !== WELL) this.#reason = `the workers of ${name} have ended: ${how}`;
      if (how !== WELL && !this.#isStopping) onOutput(`sleigh: the workers of ${name} have ended: ${how}\n`);
      this.#ends.set(id, how);
      this.#look();
    });
  }

  /** A program that has ended with status 0 may have submitted a job elsewhere. */
  #look(): void {
    const isGone = ({ workers }: RemoteLaunchPlan, at: number): boolean => {
      const name = this.#nameOf(at);
      const how = this.#ends.get(name);
      return how === WELL ? (this.#byes.get(name) ?? 0) >= workers : how !== undefined;
    };
    if (this.#plans.every(isGone)) this.#notifyGone(this.#reason);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const station of this.#stations) station.release();
    const ended = Promise.all(this.#stations.map((station) => station.ended));
    await Promise.race([this.#stations.length < this.#plans.length ? ended : this.gone, this.#patience()]);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (const station of this.#stations) station.kill(signal);
      await Promise.race([ended, this.#patience()]);
    }
    // It ends with its connection, and is not awaited: a server that is gone may come back within its grace period.
    this.#lines?.close();
  }

  #patience(): Promise<void> {
    return delay(this.#parts.platform.clock, END_LIMIT_MS);
  }
}
