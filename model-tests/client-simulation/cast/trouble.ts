import type { ClientLink } from '../../world/link.ts';
import type { Fault } from '../../world/faults.ts';
import type { World } from '../../world/world.ts';
import type { SimulatedHost } from '../host/host.ts';
import type { SimulatedProcess } from '../host/process.ts';
import type { WorkerFaults } from '../host/worker.ts';
import type { Master } from './master.ts';
import { FAULTS_END, type Plan } from './plan.ts';

/** The maximum milliseconds until a worker process runs. */
const START_MS = 100;
/** The maximum milliseconds of an outage of the network or the server. */
const OUTAGE_MS = 8_000;
/** The maximum milliseconds of a call that blocks everything else in its process. */
const BUSY_MS = 5_000;

/** The possible faults of each worker process. */
export function workerFaults({ random, faults }: World, plan: Plan): WorkerFaults {
  const happens = (fault: Fault, chance: number): boolean => {
    if (plan.isCalm || !faults.may(fault) || !random.chance(chance)) return false;
    faults.note(fault);
    return true;
  };
  return {
    startTime: () => random.fraction() * (happens('worker starts slowly', 0.05) ? 30 : 1) * START_MS,
    diesAtStart: () => (happens('worker dies at its start', 0.05) ? 'exit status 1' : undefined),
    staysAtExit: () => happens('worker does not end', 0.1),
  };
}

/** Causes faults until a given time: each seed has some kinds of faults, more or less often. */
export class Trouble {
  readonly #host: SimulatedHost;
  readonly #world: World;
  readonly #master: Master;

  constructor(host: SimulatedHost, master: Master) {
    this.#host = host;
    this.#world = host.world;
    this.#master = master;
  }

  begin(): void {
    this.#maybe(0.4, 'worker killed', () => this.#end(this.#someone('worker')));
    this.#maybe(0.2, 'worker told to go', () => this.#terminate(this.#someone('worker')));
    this.#maybe(0.4, 'connection cut', () => this.#breakConnection('worker', (link) => link.cut()));
    this.#maybe(0.2, 'connection vanished', () => this.#breakConnection('worker', (link) => link.vanish()));
    this.#maybe(0.2, 'worker busy', () => this.#keepBusy(this.#someone('worker')));
    this.#maybe(0.2, 'process sleeps', () => this.#stopServer());
    this.#maybe(0.15, 'network down', () => this.#cutOff());
    this.#once(0.1, 'sentinel killed', () => this.#end(this.#someone('sentinel')));
    this.#once(0.1, 'sentinel connection cut', () => this.#breakConnection('sentinel', (link) => link.cut()));
    this.#once(0.1, 'sentinel drained', () => this.#drain());
    this.#once(0.05, 'master connection cut', () => this.#breakConnection('master', (link) => link.cut()));
    this.#once(0.05, 'master killed', () => this.#end(this.#master.process));
  }

  /** Repeatedly. */
  #maybe(chance: number, fault: Fault, act: () => boolean): void {
    const { random } = this.#world;
    if (!random.chance(chance)) return;
    const pause = random.pick(1_000, 5_000, 20_000);
    const again = (): void =>
      this.#later(random.fraction() * pause, fault, () => {
        again();
        return act();
      });
    again();
  }

  #once(chance: number, fault: Fault, act: () => boolean): void {
    const { random } = this.#world;
    const until = random.pick(2_000, 10_000, FAULTS_END);
    if (random.chance(chance)) this.#later(random.fraction() * until, fault, act);
  }

  /** @param act returns whether there was a target */
  #later(milliseconds: number, fault: Fault, act: () => boolean): void {
    const { agenda, faults } = this.#world;
    agenda.after(milliseconds, () => {
      if (!faults.may(fault) || this.#master.isDone) return;
      if (act()) faults.note(fault);
    });
  }

  #someone(kind: 'worker' | 'sentinel' | 'master'): SimulatedProcess | undefined {
    return this.#one([...this.#host.processes].filter(({ name }) => name.startsWith(kind)));
  }

  #one<T>(all: readonly T[]): T | undefined {
    return all[this.#world.random.whole(0, Math.max(0, all.length - 1))];
  }

  #end(process: SimulatedProcess | undefined): boolean {
    if (process === undefined) return false;
    this.#host.end(process, 'signal SIGKILL');
    return true;
  }

  /** As SIGTERM does. */
  #terminate(process: SimulatedProcess | undefined): boolean {
    process?.hear(() => process.terminate());
    return process !== undefined;
  }

  #breakConnection(kind: 'worker' | 'sentinel' | 'master', breaks: (link: ClientLink) => void): boolean {
    const process = this.#someone(kind);
    const link = process && this.#one([...process.sockets])?.link;
    if (process === undefined || link === undefined) return false;
    this.#host.options.listener.say('network', `breaks a connection of ${process.name}`);
    process.hasLostConnection = true;
    breaks(link);
    return true;
  }

  /** An operation in its process takes long, whether or not it is a call. */
  #keepBusy(process: SimulatedProcess | undefined): boolean {
    process?.block(this.#world.random.fraction() * BUSY_MS);
    return process !== undefined;
  }

  #stopServer(): boolean {
    this.#host.options.listener.say('server', 'sleeps');
    this.#world.process.sleep(this.#world.random.fraction() * OUTAGE_MS);
    return true;
  }

  /** The server is unreachable, and all workers are cut off. */
  #cutOff(): boolean {
    const { listener } = this.#host.options;
    listener.say('network', 'is down');
    for (const process of this.#host.processes)
      if (process.name.startsWith('worker'))
        for (const { link } of process.sockets) {
          process.hasLostConnection = true;
          link?.cut();
        }
    this.#host.isCutOff = true;
    this.#world.agenda.after(this.#world.random.fraction() * OUTAGE_MS, () => {
      listener.say('network', 'is there again');
      this.#host.isCutOff = false;
    });
    return true;
  }

  #drain(): boolean {
    const launch = this.#one(this.#master.launches);
    if (launch === undefined || launch.process.isDead) return false;
    this.#host.options.listener.say(launch.process.name, 'is told to drain');
    launch.drain(this.#world.random.fraction() * 5_000);
    return true;
  }
}
