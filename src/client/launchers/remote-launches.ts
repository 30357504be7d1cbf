import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEY, VARIABLE } from '../../wire/names.ts';
import { Follower } from '../workspace/follower.ts';
import { LaunchError, type Launched, type LaunchOrder } from './launcher.ts';
import { ConnectionPool } from '../connection/connection-pool.ts';
import type { RemoteLaunchOrder } from './remote-launch-order.ts';
import { RemoteLaunch, type RemoteLaunchCommand } from './remote-launch.ts';

/** One sentinel that is to be started elsewhere. */
export interface RemoteLaunchPlan {
  /** For people: a host, say. */
  readonly name: string;
  readonly workers: number;
  readonly command: (order: RemoteLaunchOrder) => RemoteLaunchCommand;
}

/** Milliseconds that sentinels elsewhere have to end their workers, and after that the programs here to end. */
const END_LIMIT_MS = 5_000;
/** A program that has ended so has failed, or was told to end; else its sentinel says `bye` when it ends. */
const WELL = 'exit status 0';

/** Starts them all, or none. */
export async function startRemoteLaunches(
  order: LaunchOrder,
  plans: readonly RemoteLaunchPlan[],
): Promise<Launched> {
  const stations = new RemoteLaunches(order, plans);
  await stations.start();
  return stations;
}

/** A host, and how many workers it is to have. */
export interface Share {
  readonly host: string;
  readonly workers: number;
}

/** @returns the workers of each host, as evenly as can be; hosts that would have none are left out */
export function shares(workers: number, hosts: readonly string[]): readonly Share[] {
  const share = (at: number): number => Math.floor((workers + hosts.length - 1 - at) / hosts.length);
  return hosts.map((host, at) => ({ host, workers: share(at) })).filter((each) => each.workers > 0);
}

class RemoteLaunches implements Launched {
  readonly gone: Promise<string>;
  readonly #order: LaunchOrder;
  readonly #plans: readonly RemoteLaunchPlan[];
  readonly #stations: RemoteLaunch[] = [];
  /** Begins the names of its stations: a job may be launched for several times. */
  readonly #id = randomUUID();
  /** How each program has ended, and how many of its workers have, by the name of its station. */
  readonly #ends = new Map<string, string>();
  readonly #byes = new Map<string, number>();
  #reason = '';
  #lines: ConnectionPool | undefined;
  #follower: Follower | undefined;
  #isStopping = false;
  #tellGone: (reason: string) => void = () => undefined;

  constructor(order: LaunchOrder, plans: readonly RemoteLaunchPlan[]) {
    this.#order = order;
    this.#plans = plans;
    this.gone = new Promise((resolve) => (this.#tellGone = resolve));
  }

  async start(): Promise<void> {
    const { server, workspace } = this.#order;
    this.#lines = await ConnectionPool.open(server);
    try {
      await this.#lines.main.useWorkspace(workspace, { create: false });
      this.#follower = new Follower(this.#lines, workspace, VARIABLE.bye, ({ metadata }) => {
        this.#heardBye(
          metadata.get(KEY.station) ?? '',
          Number(metadata.get(KEY.workers) ?? 0),
          metadata.get(KEY.byeReason),
        );
      });
      for (const [at, plan] of this.#plans.entries()) await this.#startStation(this.#nameOf(at), plan);
    } catch (error) {
      await this.stop();
      throw new LaunchError(
        `the workers cannot be started: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
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
    const { server, workspace, preload, place, respawn, maxTasksPerWorker, maxMemory, onOutput } =
      this.#order;
    const details = { server, workspace, preload, place, respawn, maxTasksPerWorker, maxMemory };
    const station = await RemoteLaunch.start(command({ ...details, workers, station: id }), onOutput);
    this.#stations.push(station);
    void station.ended.then((how) => {
      if (how !== WELL) this.#reason = `the workers of ${name} have ended: ${how}`;
      if (how !== WELL && !this.#isStopping) onOutput(`sleigh: the workers of ${name} have ended: ${how}\n`);
      this.#ends.set(id, how);
      this.#look();
    });
  }

  /** A program that has ended well may have been one that hands in a job elsewhere. */
  #look(): void {
    const isGone = ({ workers }: RemoteLaunchPlan, at: number): boolean => {
      const name = this.#nameOf(at);
      const how = this.#ends.get(name);
      return how === WELL ? (this.#byes.get(name) ?? 0) >= workers : how !== undefined;
    };
    if (this.#plans.every(isGone)) this.#tellGone(this.#reason);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const station of this.#stations) station.release();
    const ended = Promise.all(this.#stations.map((station) => station.ended));
    await Promise.race([this.#stations.length < this.#plans.length ? ended : this.gone, patience()]);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (const station of this.#stations) station.kill(signal);
      await Promise.race([ended, patience()]);
    }
    await this.#follower?.close();
    this.#lines?.close();
  }
}

const patience = (): Promise<void> => sleep(END_LIMIT_MS, undefined, { ref: false });
