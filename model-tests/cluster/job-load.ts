import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sleigh, tasks } from '../../src/client/index.ts';
import type { Address } from '../../src/verify/protocol-client.ts';
import type { Question } from '../chaos/answering.mjs';
import type { Random } from '../world/random.ts';

const { answer } = tasks<typeof import('../chaos/answering.mjs')>(
  new URL('../chaos/answering.mjs', import.meta.url),
);

/** A job of which each element must be called once and answered once. */
export class JobLoad {
  readonly #sleigh: Sleigh;
  readonly #random: Random;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sleigh-cluster-chaos-'));
  readonly #answers = new Map<number, number>();
  readonly #wrongs: string[];
  readonly #taken: Promise<void>;
  #elements = 0;
  #isOver = false;

  private constructor(sleigh: Sleigh, random: Random, wrongs: string[]) {
    this.#sleigh = sleigh;
    this.#random = random;
    this.#wrongs = wrongs;
    this.#taken = this.#take();
  }

  /** @param server leads to any of the servers */
  static async start(server: Address, random: Random): Promise<JobLoad> {
    const wrongs: string[] = [];
    const sleigh = await Sleigh.start({
      server,
      workers: 2,
      // A second attempt would be a second call.
      maxAttempts: 1,
      reconnectGrace: 60,
      onDeath: (rank, how) => void wrongs.push(`worker ${rank} has ended: ${how}`),
      onOutput: () => undefined,
    });
    return new JobLoad(sleigh, random, wrongs);
  }

  /** The number of elements that have been answered. */
  get answered(): number {
    return this.#answers.size;
  }

  get elements(): number {
    return this.#elements;
  }

  async #take(): Promise<void> {
    try {
      for await (const outcome of this.#sleigh
        .eachElem(answer, this.#questions(), { ordered: false })
        .outcomes()) {
        const { index } = outcome;
        if (!('value' in outcome) || outcome.value !== index)
          this.#wrongs.push(`element ${index} is ${JSON.stringify(outcome)}`);
        this.#answers.set(index, (this.#answers.get(index) ?? 0) + 1);
      }
    } catch (error) {
      this.#wrongs.push(`the job has ended: ${String(error)}`);
    }
  }

  *#questions(): Generator<Question> {
    while (!this.#isOver)
      yield { n: this.#elements++, file: this.#calls, milliseconds: this.#random.whole(0, 20) };
  }

  get #calls(): string {
    return join(this.#folder, 'calls');
  }

  /**
   * Waits until everything is answered.
   * @param patienceMs milliseconds after which what is not answered counts as lost
   * @returns what was lost, failed, or done twice
   */
  async end(patienceMs: number): Promise<readonly string[]> {
    this.#isOver = true;
    await Promise.race([this.#taken, sleep(patienceMs, undefined, { ref: false })]);
    this.#countCalls();
    await this.#sleigh.stop();
    rmSync(this.#folder, { recursive: true });
    return this.#wrongs;
  }

  #countCalls(): void {
    const calls = new Map<number, number>();
    for (const line of readFileSync(this.#calls, 'utf8').split('\n').slice(0, -1))
      calls.set(Number(line), (calls.get(Number(line)) ?? 0) + 1);
    for (let n = 0; n < this.#elements; n++) {
      const times = this.#answers.get(n) ?? 0;
      const called = calls.get(n) ?? 0;
      if (times !== 1 || called !== 1)
        this.#wrongs.push(`element ${n} is answered ${times} times, and was called ${called} times`);
    }
  }
}
