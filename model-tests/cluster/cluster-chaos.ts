import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sleigh, tasks } from '../../src/client/index.ts';
import { checkHistory } from '../../src/verify/history/check.ts';
import { RecordingProxy } from '../../src/verify/history/recording-proxy.ts';
import { ProtocolClient, type Address } from '../../src/verify/protocol-client.ts';
import { TcpProxy } from '../../src/verify/tcp-proxy.ts';
import type { Postgres } from '../../test/support/postgres.ts';
import type { Question } from '../chaos/answering.mjs';
import { Random } from '../world/random.ts';
import { Servers } from './servers.ts';

const { answer } = tasks<typeof import('../chaos/answering.mjs')>(
  new URL('../chaos/answering.mjs', import.meta.url),
);

const WORKSPACE = 'kept';
const MODES = ['fifo', 'lifo', 'single'] as const;
/** Clients of each variable. */
const CLIENTS = 2;
const LEASE_MS = 1_000;
/** Milliseconds between two faults. */
const PACE = { least: 200, most: 800 };

/** Milliseconds in which something must be answered, whatever happened. */
const PATIENCE_MS = 60_000;

/** What is done to the service. */
export type Fault = 'kill' | 'pause' | 'engine';

export interface ClusterOutcome {
  readonly elements: number;
  /** Requests of plain clients that were answered. */
  readonly answered: number;
  /** Elements of the job that were lost, answered twice or failed, and what no one server could have replied. */
  readonly wrongs: readonly string[];
  /** Milliseconds from each kill of an owner to the next reply. */
  readonly gaps: readonly number[];
}

/** Connects each client to the next server. */
class Rotation extends TcpProxy {
  static async of(next: () => Address): Promise<Rotation> {
    return new Rotation(next).listening();
  }
}

/** Servers that share a store, with clients of plain variables and a job, while their owner is killed and paused. */
export class ClusterChaos {
  readonly #postgres: Postgres;
  readonly #random: Random;
  readonly #wrongs: string[] = [];
  readonly #gaps: number[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'sleigh-cluster-chaos-'));
  readonly #answers = new Map<number, number>();
  #killedAt: number | undefined;
  #answered = 0;
  #elements = 0;
  #isOver = false;

  constructor(postgres: Postgres, seed: number) {
    this.#postgres = postgres;
    this.#random = new Random(seed);
  }

  /** @param env of the servers, for those with a planted fault */
  async run(faults: readonly Fault[], env?: Record<string, string>): Promise<ClusterOutcome> {
    await using servers = await Servers.start(this.#postgres, LEASE_MS, env);
    using proxy = await RecordingProxy.before(servers.next);
    using rotation = await Rotation.of(servers.next);
    const clients = MODES.flatMap((mode) => Array.from({ length: CLIENTS }, () => this.#use(proxy, mode)));
    // A job on servers with a fault may never end.
    const sleigh = env === undefined ? await this.#start(rotation.address) : undefined;
    const job = sleigh && this.#take(sleigh);
    try {
      for (const fault of faults) {
        await this.#progress(sleigh !== undefined);
        await sleep(this.#random.whole(PACE.least, PACE.most));
        await this.#inflict(fault, servers);
      }
      await this.#progress(sleigh !== undefined);
    } catch (error) {
      this.#wrongs.push(String(error));
    }
    this.#isOver = true;
    await Promise.all(clients);
    await job;
    await this.#takeOut(proxy);
    const { violations } = checkHistory(proxy.recording.operations(true));
    this.#wrongs.push(...violations.map((violation) => JSON.stringify(violation)));
    if (sleigh !== undefined) this.#countCalls();
    rmSync(this.#folder, { recursive: true });
    return { elements: this.#elements, answered: this.#answered, wrongs: this.#wrongs, gaps: this.#gaps };
  }

  async #inflict(fault: Fault, servers: Servers): Promise<void> {
    if (fault === 'engine') return this.#postgres.restart(this.#random.whole(0, 300));
    if (fault === 'pause') return servers.pauseOwner(() => undefined, this.#random.whole(0, 300));
    await servers.killOwner(() => (this.#killedAt = performance.now()));
  }

  /** Uses one variable until the faults are over, and connects again whenever it must. */
  async #use(address: Address, variable: string): Promise<void> {
    const random = new Random(this.#random.whole(0, 2 ** 30));
    while (!this.#isOver) {
      let client: ProtocolClient | undefined;
      try {
        client = await ProtocolClient.ready(address);
        await client.ask(['open ws', WORKSPACE, 'chaos', 'yes']);
        await client.ask(['declare var', WORKSPACE, variable, variable]);
        while (!this.#isOver) {
          const verb = random.pick('store', 'store', 'fetchTry', 'fetchTry', 'findTry');
          const value = `${variable} ${random.whole(0, 2 ** 40)}`;
          await client.ask([verb, WORKSPACE, variable, ...(verb === 'store' ? ['1', value] : [])]);
          this.#answered++;
          this.#noteGap();
          // The checks of histories take longer than the history.
          await sleep(random.whole(0, 10));
        }
      } catch {
        await sleep(10);
      }
      client?.vanish();
    }
  }

  /** Waits for the next answer of the job, and the next reply. @throws if there is none */
  async #progress(hasJob: boolean): Promise<void> {
    const [answers, answered] = [this.#answers.size, this.#answered];
    const isDone = (): boolean => (!hasJob || this.#answers.size > answers) && this.#answered > answered;
    const end = performance.now() + PATIENCE_MS;
    while (!isDone()) {
      if (performance.now() > end) throw new Error('nothing is answered any more');
      await sleep(5);
    }
  }

  #noteGap(): void {
    if (this.#killedAt !== undefined) this.#gaps.push(performance.now() - this.#killedAt);
    this.#killedAt = undefined;
  }

  #start(server: Address): Promise<Sleigh> {
    return Sleigh.start({
      server,
      workers: 2,
      maxAttempts: 1,
      reconnectGrace: 60,
      onDeath: (rank, how) => void this.#wrongs.push(`worker ${rank} has ended: ${how}`),
      onOutput: () => undefined,
    });
  }

  async #take(sleigh: Sleigh): Promise<void> {
    try {
      for await (const outcome of sleigh.eachElem(answer, this.#questions(), { ordered: false }).outcomes()) {
        const { index } = outcome;
        if (!('value' in outcome) || outcome.value !== index)
          this.#wrongs.push(`element ${index} is ${JSON.stringify(outcome)}`);
        this.#answers.set(index, (this.#answers.get(index) ?? 0) + 1);
      }
    } catch (error) {
      this.#wrongs.push(`the job has ended: ${String(error)}`);
    }
    await sleigh.stop();
  }

  *#questions(): Generator<Question> {
    while (!this.#isOver)
      yield { n: this.#elements++, file: this.#calls, milliseconds: this.#random.whole(0, 20) };
  }

  get #calls(): string {
    return join(this.#folder, 'calls');
  }

  #countCalls(): void {
    const calls = new Map<number, number>();
    for (const line of readFileSync(this.#calls, 'utf8').split('\n').slice(0, -1))
      calls.set(Number(line), (calls.get(Number(line)) ?? 0) + 1);
    for (let n = 0; n < this.#elements; n++) {
      const times = this.#answers.get(n) ?? 0;
      if (times !== 1) this.#wrongs.push(`element ${n} is answered ${times} times`);
      else if (calls.get(n) !== 1) this.#wrongs.push(`element ${n} was called ${calls.get(n) ?? 0} times`);
    }
  }

  /** Takes all values out, so that lost ones are missed. The owner may still change. */
  async #takeOut(address: Address): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      let client: ProtocolClient | undefined;
      try {
        client = await ProtocolClient.ready(address);
        await client.ask(['open ws', WORKSPACE, 'chaos', 'yes']);
        for (const mode of MODES)
          while ((await client.ask(['fetchTry', WORKSPACE, mode])).status === '0000') this.#answered++;
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await sleep(100);
      } finally {
        client?.vanish();
      }
    }
  }
}
