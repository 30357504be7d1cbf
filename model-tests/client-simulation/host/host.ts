import type { ConnectionOptions } from '../../../src/client/connection/connection.ts';
import { Channel } from '../../../src/client/connection/channel.ts';
import { NwsConnection } from '../../../src/client/connection/connection.ts';
import { KnownServers } from '../../../src/client/connection/known-servers.ts';
import type { Exports } from '../../../src/client/task/module-function.ts';
import type { LaunchOrder } from '../../../src/client/launchers/launcher.ts';
import type { Platform } from '../../../src/client/platform.ts';
import type { WorkerChild } from '../../../src/client/sentinel/worker-child.ts';
import type { MessageFromWorker } from '../../../src/client/worker/worker-messages.ts';
import { socketError } from '../../world/socket-error.ts';
import type { World } from '../../world/world.ts';
import { SimulatedProcess } from './process.ts';
import { SimulatedSocket } from './socket.ts';
import { startSimulatedWorker, type WorkerFaults } from './worker.ts';

/** The maximum milliseconds to connect. */
const CONNECTING_MS = 5;

/** The events of the processes of a host. */
export interface HostListener {
  /** A message or an action, for the trace. */
  say(who: string, what: string): void;
  /** A worker process was started. */
  started(process: SimulatedProcess, sentinel: SimulatedProcess, rank: number): void;
  /** It sends a message to its sentinel, itself or by its watchdog. */
  said(process: SimulatedProcess, message: MessageFromWorker): void;
  /** Its sentinel stops it. */
  killed(process: SimulatedProcess): void;
  /** Any process has ended. */
  ended(process: SimulatedProcess): void;
}

interface HostOptions {
  readonly world: World;
  readonly listener: HostListener;
  /**
   * Returns the export of a module, in that process.
   * @throws ModuleError
   */
  readonly load: (process: SimulatedProcess, path: string) => Promise<Exports>;
  readonly faults: WorkerFaults;
}

/** Changes that a test plants, to see that they are detected. */
export interface Sabotage {
  /** The launch order of a sentinel. */
  order?: (order: LaunchOrder) => LaunchOrder;
  /** The environment in which a sentinel starts a worker under a rank, by the number of the attempt. */
  child?: (start: () => WorkerChild, times: number) => WorkerChild;
  /** Called when everything is ready. */
  begin?: (host: SimulatedHost) => void;
  /** Workers survive the end of their sentinel. */
  hasNoWatchdog?: boolean;
}

/** The operating system and the network that all processes of the simulation share. */
export class SimulatedHost {
  readonly world: World;
  readonly options: HostOptions;
  /** Processes that have not ended. */
  readonly processes = new Set<SimulatedProcess>();
  readonly sabotage: Sabotage;
  /** The number of starts of a worker, by sentinel and rank. */
  readonly #starts = new Map<string, number>();
  /** The server is unreachable while it is set. */
  isCutOff = false;
  #pids = 100;

  constructor(options: HostOptions, sabotage: Sabotage = {}) {
    this.options = options;
    this.sabotage = sabotage;
    this.world = options.world;
  }

  start(name: string): SimulatedProcess {
    const pid = ++this.#pids;
    const process = new SimulatedProcess(this.world, `${name} (${pid})`, pid);
    this.processes.add(process);
    return process;
  }

  /** It ends for any reason; the kernel closes its sockets and notifies waiting processes. */
  end(process: SimulatedProcess, how: string): void {
    if (process.isDead) return;
    this.options.listener.say(process.name, `ends: ${how}`);
    this.processes.delete(process);
    process.end(how);
    this.options.listener.ended(process);
  }

  /** The platform of that process. */
  platformOf(process: SimulatedProcess): Platform {
    const { world } = this;
    const { random } = world;
    return {
      clock: {
        now: () => process.now,
        date: () => new Date(process.now),
        startTimer: (milliseconds, onElapsed) => ({ stop: process.after(milliseconds, onElapsed) }),
      },
      random: () => random.fraction(),
      secret: () => Array.from({ length: 4 }, () => random.whole(1e8, 1e9).toString(16)).join('-'),
      hostname: 'simulated',
      pid: process.pid,
      connect: (options) => this.#connect(process, options),
      servers: new KnownServers(),
      holdProcess: () => ({ stop: () => undefined }),
      endOfTurn: () => new Promise((resolve) => void process.after(0, resolve)),
      loadModule: (path) => this.options.load(process, path),
      startWorker: (_kind, args) => this.#startWorker(process, Number(args.at(-1))),
    };
  }

  #startWorker(sentinel: SimulatedProcess, rank: number): WorkerChild {
    const place = `${sentinel.pid} ${rank}`;
    const times = (this.#starts.get(place) ?? 0) + 1;
    this.#starts.set(place, times);
    const start = (): WorkerChild => startSimulatedWorker(this, sentinel, rank);
    return this.sabotage.child?.(start, times) ?? start();
  }

  /** With a session if one is wanted, as `thisHost` does. */
  #connect(process: SimulatedProcess, options: ConnectionOptions): Promise<NwsConnection> {
    const { world } = this;
    const platform = this.platformOf(process);
    const open = (): Promise<Channel> => {
      const socket = new SimulatedSocket(
        process,
        (end) => {
          if (this.isCutOff) throw socketError('ECONNREFUSED');
          return world.connect(end);
        },
        world.random.fraction() * CONNECTING_MS,
      );
      return Channel.over(socket, 'simulated:8765', { ...options, clock: platform.clock });
    };
    return NwsConnection.openWith(open, options, platform);
  }
}
