import { setTimeout as sleep } from 'node:timers/promises';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { Random } from '../world/random.ts';
import { Host, type Hand } from './hosts.ts';

const WORKSPACE = 'chaos';
/** Workers of each host, and the minimum of all together: more than tasks at a time, so that some workers wait. */
const WORKERS = 4;
const HANDS = 9;
const TASKS_AT_A_TIME = 4;
/** Seconds between two heartbeats of the sentinels; one that is stopped is dead after three periods. */
const REFRESH = 2;

export interface Outcome {
  readonly kills: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly tasks: number;
  /** Results that arrived twice, or never. */
  readonly wrongs: readonly string[];
  /** Null results (S13). */
  readonly nulls: number;
  /** Milliseconds from the death of a worker to the start of its task elsewhere. */
  readonly recoveries: readonly number[];
}

const clock = (): number => performance.timeOrigin + performance.now();

/** A job whose workers and sentinels are killed, stopped and cut off, by a random seed, on a real server. */
export class Chaos {
  readonly #server: { readonly port: number };
  readonly #random: Random;
  readonly #policy: string;
  readonly #pace: number;
  readonly #hosts = new Set<Host>();
  readonly #faults = new Map<string, number>();
  /** The number of answers for each task. */
  readonly #answers = new Map<number, number>();
  /** The time when the worker that had the task died. */
  readonly #deaths = new Map<number, number>();
  readonly #recoveries: number[] = [];
  #kills = 0;
  #nulls = 0;
  #tasks = 0;

  /** @param pace maximum milliseconds between two faults; starting a process takes additional time */
  constructor(server: { readonly port: number }, seed: number, policy: 'requeue' | 'null', pace: number) {
    this.#pace = pace;
    this.#server = server;
    this.#random = new Random(seed);
    this.#policy = policy;
  }

  async run(kills: number): Promise<Outcome> {
    const { port } = this.#server;
    const master = await NwsConnection.open({ host: '127.0.0.1', port });
    const takes = await NwsConnection.open({ host: '127.0.0.1', port });
    await master.openWorkspace(WORKSPACE, {
      metadata: new Map([
        ['wstype', 'sleigh'],
        ['onDeadWorker', this.#policy],
        // Workers may join at any time, also when all expected ones have registered.
        ['join', 'elastic'],
        ['maxAttempts', '1000'],
        ['sentinelRefreshPeriod', String(REFRESH)],
      ]),
    });
    await takes.useWorkspace(WORKSPACE);
    const taking = this.#take(takes);
    while (this.#kills < kills) {
      this.#keepHosts();
      while (this.#tasks - this.#answers.size < TASKS_AT_A_TIME) await this.#submit(master);
      this.#hurt();
      await sleep(this.#random.whole(5, this.#pace));
    }
    // Every submitted task must be answered, whatever happened.
    const deadline = clock() + 60_000;
    while (this.#answers.size < this.#tasks && clock() < deadline) {
      this.#keepHosts();
      await sleep(20);
    }
    takes.close();
    await taking;
    for (const host of this.#hosts) host.end();
    await master.deleteWorkspace(WORKSPACE);
    master.close();
    return this.#outcome();
  }

  #outcome(): Outcome {
    const wrongs: string[] = [];
    for (let n = 0; n < this.#tasks; n++) {
      const times = this.#answers.get(n) ?? 0;
      if (times !== 1) wrongs.push(`task ${n} is answered ${times} times`);
    }
    return {
      kills: this.#kills,
      faults: this.#faults,
      tasks: this.#tasks,
      wrongs,
      nulls: this.#nulls,
      recoveries: this.#recoveries,
    };
  }

  async #submit(master: NwsConnection): Promise<void> {
    const task = { n: this.#tasks++, milliseconds: this.#random.whole(20, 300) };
    // A null result has the metadata of its task, and nothing else of it.
    await master.store(WORKSPACE, 'task', task, new Map([['number', String(task.n)]]));
  }

  async #take(connection: NwsConnection): Promise<void> {
    for (;;) {
      const found = await connection.fetch(WORKSPACE, 'result').catch(() => undefined);
      if (found === undefined) return;
      const n = Number(found.metadata.get('number'));
      if (found.metadata.get('nwsNull') === '1') this.#nulls++;
      this.#answers.set(n, (this.#answers.get(n) ?? 0) + 1);
    }
  }

  #keepHosts(): void {
    for (const host of this.#hosts) {
      const isSpent = host.hands.length === WORKERS && host.hands.every(({ gone }) => gone);
      if (!isSpent && !host.gone) continue;
      this.#hosts.delete(host);
      host.sentinel.kill('SIGKILL');
    }
    while (this.#handsToCount() < HANDS)
      this.#hosts.add(
        new Host({ port: this.#server.port, workspace: WORKSPACE }, WORKERS, {
          started: (_hand, task, at) => {
            const died = this.#deaths.get(task);
            if (died !== undefined && at > died) this.#recoveries.push(at - died);
            this.#deaths.delete(task);
          },
        }),
      );
  }

  /** The current processes, and later ones. */
  #handsToCount(): number {
    let count = 0;
    for (const { hands } of this.#hosts)
      count += WORKERS - hands.length + hands.filter(({ gone }) => !gone).length;
    return count;
  }

  #note(fault: string): void {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
  }

  /** From now on another worker has its task, unless it has been answered. */
  #dooms(hand: Hand): void {
    hand.gone = true;
    if (hand.task !== undefined && !this.#answers.has(hand.task)) this.#deaths.set(hand.task, clock());
  }

  #hurt(): void {
    const hands = [...this.#hosts].flatMap(({ hands }) => hands).filter(({ gone }) => !gone);
    const busy = hands.filter(({ task }) => task !== undefined && !this.#answers.has(task));
    const [first, ...others] = busy;
    if (first === undefined || hands.length < TASKS_AT_A_TIME + 2) return;
    const hand = this.#random.pick(first, ...others);
    const dice = this.#random.fraction();
    if (dice < 0.7) this.#kill(hand);
    else if (dice < 0.78) this.#killSentinel(hand.host);
    else if (dice < 0.9) this.#cut(hand);
    else if (dice < 0.98) this.#stop('worker stopped', hand.process, this.#random.whole(50, 800));
    else this.#stop('sentinel stopped', hand.host.sentinel, this.#random.whole(500, 4 * REFRESH * 1_000));
  }

  #kill(hand: Hand): void {
    this.#note('worker killed');
    this.#kills++;
    this.#dooms(hand);
    hand.process.kill('SIGKILL');
  }

  #killSentinel(host: Host): void {
    this.#note('sentinel killed');
    this.#kills++;
    host.gone = true;
    for (const hand of host.hands) if (!hand.gone) this.#dooms(hand);
    host.sentinel.kill('SIGKILL');
  }

  #cut(hand: Hand): void {
    hand.gone = true;
    hand.proxy.cutAfter(this.#random.whole(1, 400), () => {
      this.#note('connection cut');
      this.#dooms(hand);
    });
  }

  #stop(what: string, process: Host['sentinel'], milliseconds: number): void {
    this.#note(what);
    process.kill('SIGSTOP');
    setTimeout(() => process.kill('SIGCONT'), milliseconds);
  }
}
