import type { MessageFromWorker } from '../../../src/client/worker/worker-messages.ts';
import { FAILED_STARTS_PER_WORKER, FIRST_DELAY_MS } from '../../../src/machines/pool/pool.ts';
import type { World } from '../../world/world.ts';
import type { Plan } from '../cast/plan.ts';
import type { SimulatedProcess } from '../host/process.ts';

/** One worker process, from its start to its end. Times are milliseconds of the simulation. */
interface Life {
  readonly process: SimulatedProcess;
  readonly sentinel: SimulatedProcess;
  readonly rank: number;
  readonly started: number;
  wasReady: boolean;
  /** It has left by itself, or its sentinel has stopped it: no sign of a fault, unless it reports one. */
  wasExpected: boolean;
  ended: number | undefined;
}

/** A replacement that begins within this time after an end was not delayed (ms). */
const AT_ONCE_MS = 0.9 * FIRST_DELAY_MS;
/** Milliseconds by which a sentinel learns of an end later than it happens. */
const HEARING_MS = FIRST_DELAY_MS;

/** The maximum milliseconds for the report of an end and its reply, in addition to the delay of the replacement. */
const REPLACEMENT_MS = 15_000;
/** Milliseconds within which workers end whose sentinel was killed. */
const ORPHANED_MS = 5_000;

/** Observes the worker processes: no worker is replaced too often, and none outlives its pool. */
export class CrewRecord {
  /** The number of started worker processes, and of replacements among them. */
  count = 0;
  replacements = 0;
  readonly #world: World;
  readonly #plan: Plan;
  readonly #lives = new Map<SimulatedProcess, Life>();
  /** Notes that a sentinel was told to stop, with its workers. */
  isStopping: (sentinel: SimulatedProcess) => boolean = () => false;
  /** By sentinel and rank, the process that was started last. */
  readonly #latest = new Map<string, Life>();
  /** The ends that were followed by an immediate replacement, by sentinel. */
  readonly #restarts = new Map<SimulatedProcess, number[]>();
  /** Failed starts in a row, by sentinel. */
  readonly #failedStarts = new Map<SimulatedProcess, number>();

  constructor(world: World, plan: Plan) {
    this.#world = world;
    this.#plan = plan;
  }

  started(process: SimulatedProcess, sentinel: SimulatedProcess, rank: number): void {
    this.count++;
    const life: Life = {
      process,
      sentinel,
      rank,
      started: this.#world.elapsed,
      wasReady: false,
      wasExpected: false,
      ended: undefined,
    };
    this.#lives.set(process, life);
    const place = placeOf(sentinel, rank);
    const before = this.#latest.get(place);
    this.#latest.set(place, life);
    if (before !== undefined) this.#replaced(before, life);
  }

  #replaced(before: Life, { started, sentinel, process }: Life): void {
    const { wrongs } = this.#world;
    const { respawn } = this.#plan;
    this.replacements++;
    if (before.ended === undefined)
      return void wrongs.push(`${process.name} replaces ${before.process.name}, which has not ended`);
    if (respawn === false)
      return void wrongs.push(`${process.name} replaces another, though nobody is to be replaced`);
    if (!before.wasReady && started - before.ended < AT_ONCE_MS)
      wrongs.push(`${process.name} replaces at once one that ended before it was ready`);
    if (!before.wasReady || before.wasExpected || started - before.ended >= AT_ONCE_MS) return;
    const restarts = this.#restarts.get(sentinel) ?? [];
    this.#restarts.set(sentinel, restarts);
    restarts.push(before.ended);
    const within = restarts.filter((time) => started - time < respawn.within - HEARING_MS);
    if (within.length > respawn.restarts)
      wrongs.push(
        `${within.length} workers of ${sentinel.name} were replaced at once within ${respawn.within} ms`,
      );
  }

  said(process: SimulatedProcess, { type }: MessageFromWorker): void {
    const life = this.#lives.get(process);
    if (life === undefined) return;
    if (type === 'leaving' || type === 'condemned') life.wasExpected = true;
    if (type !== 'ready') return;
    life.wasReady = true;
    this.#failedStarts.set(life.sentinel, 0);
  }

  killed(process: SimulatedProcess): void {
    const life = this.#lives.get(process);
    if (life !== undefined) life.wasExpected = true;
  }

  ended(process: SimulatedProcess): void {
    const life = this.#lives.get(process);
    if (life === undefined) return this.#sentinelEnded(process);
    life.ended = this.#world.elapsed;
    if (this.#plan.isCalm && this.#plan.respawn !== false)
      this.#mustBeReplaced(life, this.#plan.respawn.maxDelay);
    if (life.wasReady) return;
    const failed = (this.#failedStarts.get(life.sentinel) ?? 0) + 1;
    this.#failedStarts.set(life.sentinel, failed);
    // Others may be starting when it gives up. Sentinels that are launched later may have more workers than the first.
    const workers = Math.max(this.#plan.workers, ...this.#plan.launches.map((launch) => launch.workers));
    const most = (FAILED_STARTS_PER_WORKER + 1) * workers;
    if (failed > most)
      this.#world.wrongs.push(
        `${failed} workers of ${life.sentinel.name} in a row ended before they were ready`,
      );
  }

  /** Unless its sentinel is told to stop meanwhile. */
  #mustBeReplaced(life: Life, maxDelay: number): void {
    const { sentinel, rank, process } = life;
    this.#world.agenda.after(maxDelay + REPLACEMENT_MS, () => {
      if (sentinel.isDead || this.isStopping(sentinel) || this.#latest.get(placeOf(sentinel, rank)) !== life)
        return;
      this.#world.wrongs.push(`${process.name} is not replaced`);
    });
  }

  /** A sentinel that ends by itself has seen the end of its workers; otherwise they soon notice its end. */
  #sentinelEnded(sentinel: SimulatedProcess): void {
    const check = (): void => {
      for (const { process, sentinel: its } of this.#lives.values())
        if (its === sentinel && !process.isDead) this.#world.wrongs.push(`${process.name} outlives its pool`);
    };
    if (sentinel.endedBy === 'exit status 0') check();
    else this.#world.agenda.after(ORPHANED_MS, check);
  }
}

const placeOf = (sentinel: SimulatedProcess, rank: number): string => `${sentinel.pid} ${rank}`;
