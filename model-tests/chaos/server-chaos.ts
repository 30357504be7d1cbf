import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sleigh, tasks, type Launcher, type Task } from '../../src/client/index.ts';
import { startServe, type ServeProcess } from '../../test/support/serve-process.ts';
import { Random } from '../world/random.ts';
import type { Question } from './answering.mjs';

const { answer: inJavaScript } = tasks<typeof import('./answering.mjs')>(
  new URL('answering.mjs', import.meta.url),
);

const WORKERS = 3;
/** Seconds for which clients wait for the server. */
const GRACE = 60;
/** Milliseconds that a server lives, once something was answered. */
const LIFE = { least: 5, most: 250 };
/** Milliseconds in which something must be answered, whatever happened. */
const PATIENCE_MS = 30_000;

/** The workers of the job. */
export interface Answerers {
  readonly launch?: Launcher;
  /** Notes the call in the file of the question, takes its time, and returns its number. */
  readonly answer: Task<Question, number>;
}

export interface ServerOutcome {
  readonly kills: number;
  readonly elements: number;
  /** Elements that were never answered, or twice, or with a failure, and those that were called again. */
  readonly wrongs: readonly string[];
  /** Milliseconds from each kill to the next answer. */
  readonly recoveries: readonly number[];
}

/** A real job with real workers, whose server is killed with -9 again and again, by a random seed. */
export class ServerChaos {
  readonly #random: Random;
  readonly #env: Record<string, string>;
  readonly #answerers: Answerers;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sleigh-server-chaos-'));
  readonly #calls = join(this.#folder, 'calls');
  readonly #wrongs: string[] = [];
  readonly #recoveries: number[] = [];
  /** The number of answers of each element. */
  readonly #answers = new Map<number, number>();
  #elements = 0;
  #isFed = true;
  #killedAt: number | undefined;
  #lastAnswer = performance.now();

  /** @param env of the server, for one with a planted fault */
  constructor(
    seed: number,
    env: Record<string, string> = {},
    answerers: Answerers = { answer: inJavaScript },
  ) {
    this.#random = new Random(seed);
    this.#env = env;
    this.#answerers = answerers;
  }

  async run(kills: number): Promise<ServerOutcome> {
    let server = await this.#serve(0);
    const { port } = server;
    const stop = new AbortController();
    const sleigh = await Sleigh.start({
      server: { host: '127.0.0.1', port },
      workers: WORKERS,
      // A second attempt would be a second call.
      maxAttempts: 1,
      reconnectGrace: GRACE,
      launch: this.#answerers.launch,
      onDeath: (rank, how) => void this.#wrongs.push(`worker ${rank} has ended: ${how}`),
      onOutput: () => undefined,
    });
    const taking = this.#take(sleigh, stop.signal);
    try {
      for (let kill = 0; kill < kills; kill++) {
        await this.#answered();
        await sleep(this.#random.whole(LIFE.least, LIFE.most));
        server.kill('SIGKILL');
        await server.outcome;
        this.#killedAt = performance.now();
        server = await this.#serve(port);
      }
      await this.#answered();
      this.#isFed = false;
      await Promise.race([taking, this.#stalled()]);
    } catch (error) {
      this.#wrongs.push(String(error));
    } finally {
      stop.abort();
      await sleigh.stop();
      server.kill('SIGKILL');
      await taking;
    }
    return this.#outcome(kills);
  }

  *#questions(): Generator<Question> {
    while (this.#isFed) yield this.#next();
  }

  #next(): Question {
    return { n: this.#elements++, file: this.#calls, milliseconds: this.#random.whole(0, 20) };
  }

  #serve(port: number): Promise<ServeProcess> {
    const data = join(this.#folder, 'data');
    return startServe('--data', data, '--log-level', 'error', '--port', String(port), this.#env);
  }

  async #take(sleigh: Sleigh, signal: AbortSignal): Promise<void> {
    const options = { ordered: false, loadFactor: 4, signal };
    const { answer } = this.#answerers;
    try {
      for await (const outcome of sleigh.eachElem(answer, this.#questions(), options).outcomes()) {
        const { index } = outcome;
        if ('error' in outcome && outcome.error !== undefined)
          this.#wrongs.push(`element ${index} failed: ${outcome.error.message}`);
        else if (!('value' in outcome) || outcome.value !== index)
          this.#wrongs.push(`element ${index} is ${outcome.value}`);
        this.#answers.set(index, (this.#answers.get(index) ?? 0) + 1);
        this.#lastAnswer = performance.now();
        if (this.#killedAt !== undefined) this.#recoveries.push(this.#lastAnswer - this.#killedAt);
        this.#killedAt = undefined;
      }
    } catch (error) {
      if (!signal.aborted) this.#wrongs.push(`the job has ended: ${String(error)}`);
    }
  }

  /** Waits for the next answer. @throws if none comes */
  async #answered(): Promise<void> {
    const before = this.#answers.size;
    const end = performance.now() + PATIENCE_MS;
    while (this.#answers.size === before) {
      if (performance.now() > end) throw new Error('nothing is answered any more');
      await sleep(5);
    }
  }

  /** Resolves when nothing was answered for a time. */
  async #stalled(): Promise<void> {
    while (performance.now() < this.#lastAnswer + PATIENCE_MS) await sleep(50);
  }

  #outcome(kills: number): ServerOutcome {
    const calls = new Map<number, number>();
    for (const line of readFileSync(this.#calls, 'utf8').split('\n').slice(0, -1))
      calls.set(Number(line), (calls.get(Number(line)) ?? 0) + 1);
    rmSync(this.#folder, { recursive: true });
    for (let n = 0; n < this.#elements; n++) {
      const times = this.#answers.get(n) ?? 0;
      if (times !== 1) this.#wrongs.push(`element ${n} is answered ${times} times`);
      else if (calls.get(n) !== 1) this.#wrongs.push(`element ${n} was called ${calls.get(n) ?? 0} times`);
    }
    return { kills, elements: this.#elements, wrongs: this.#wrongs, recoveries: this.#recoveries };
  }
}
