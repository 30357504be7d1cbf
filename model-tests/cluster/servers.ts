import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../src/verify/protocol-client.ts';
import { freePort } from '../../test/support/free-port.ts';
import type { Postgres } from '../../test/support/postgres.ts';
import { startServe, type ServeProcess } from '../../test/support/serve-process.ts';

const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];

/** Milliseconds in which another server must own the data, whatever happened. */
const PATIENCE_MS = 30_000;

interface Running {
  readonly port: number;
  process: ServeProcess;
  isPaused: boolean;
}

/** Three servers as processes, with one store. */
export class Servers implements AsyncDisposable {
  readonly #postgres: Postgres;
  readonly #leaseMs: number;
  readonly #env: Record<string, string>;
  readonly #running = new Map<Name, Running>();
  #connections = 0;

  private constructor(postgres: Postgres, leaseMs: number, env: Record<string, string>) {
    this.#postgres = postgres;
    this.#leaseMs = leaseMs;
    this.#env = env;
  }

  /** @param env of the servers, for those with a planted fault */
  static async start(
    postgres: Postgres,
    leaseMs: number,
    env: Record<string, string> = {},
  ): Promise<Servers> {
    const servers = new Servers(postgres, leaseMs, env);
    for (const name of NAMES) {
      const port = await freePort();
      servers.#running.set(name, { port, process: await servers.#serve(name, port), isPaused: false });
    }
    await servers.ownerAfter(0);
    return servers;
  }

  #serve(name: Name, port: number): Promise<ServeProcess> {
    const flags = ['--store', this.#postgres.url, '--store-unsafe', '--lease', String(this.#leaseMs / 1_000)];
    return startServe(...flags, '--name', name, '--port', String(port), '--log-level', 'error', this.#env);
  }

  /** The address of one server after the other, except those that are paused. */
  readonly next = (): Address => {
    const able = [...this.#running.values()].filter(({ isPaused }) => !isPaused);
    const port = able[this.#connections++ % able.length]?.port ?? 0;
    return { host: '127.0.0.1', port };
  };

  #find(name: Name): Running {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`there is no server ${name}`);
    return running;
  }

  /** Waits for an owner whose epoch is above this one. */
  async ownerAfter(epoch: number): Promise<{ readonly name: Name; readonly epoch: number }> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const [row] = await this.#postgres
        .ask('SELECT owner, epoch FROM sleigh_partition WHERE lease_until > clock_timestamp()')
        .catch(() => []);
      const name = NAMES.find((each) => each === row?.['owner']);
      if (name !== undefined && Number(row?.['epoch']) > epoch)
        return { name, epoch: Number(row?.['epoch']) };
      if (performance.now() > end) throw new Error('nobody owns the data any more');
      await sleep(10);
    }
  }

  /** Kills the owner, and starts it again when another server has taken over. @returns when it was killed */
  async killOwner(onKilled: () => void): Promise<void> {
    const { name, epoch } = await this.ownerAfter(0);
    const { process, port } = this.#find(name);
    process.kill('SIGKILL');
    await process.outcome;
    onKilled();
    await this.ownerAfter(epoch);
    this.#running.set(name, { port, process: await this.#serve(name, port), isPaused: false });
  }

  /** Pauses the owner until another server has taken over, and longer. */
  async pauseOwner(onPaused: () => void, longer: number): Promise<void> {
    const { name, epoch } = await this.ownerAfter(0);
    const paused = this.#find(name);
    paused.isPaused = true;
    paused.process.kill('SIGSTOP');
    onPaused();
    await this.ownerAfter(epoch);
    await sleep(longer);
    paused.process.kill('SIGCONT');
    paused.isPaused = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.#running.values()) {
      process.kill('SIGKILL');
      await process.outcome;
    }
  }
}
