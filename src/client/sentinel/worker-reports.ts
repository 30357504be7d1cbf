import { plain } from '../../wire/json-fields.ts';
import { SENTINEL_REPORT, type SentinelReport, type WorkerReport } from '../../wire/sentinel-report.ts';
import type { Timer } from '../clock.ts';
import type { NwsConnection } from '../connection/connection.ts';
import type { Platform } from '../platform.ts';
import type { CallSeen } from '../worker/worker-messages.ts';
import type { ProcessUsage } from './process-usage.ts';
import type { WorkerChild } from './worker-child.ts';

/** Milliseconds between two reports. */
const PERIOD_MS = 2_000;

interface Watched {
  readonly child: Pick<WorkerChild, 'usage'>;
  call: WorkerReport['call'];
  usage: { readonly at: number; readonly used: ProcessUsage } | undefined;
}

export interface WorkerReportsOptions {
  /** A connection that is not used for waits. */
  readonly connection: NwsConnection;
  readonly workspace: string;
  readonly platform: Platform;
}

/** Tells the server what the workers of one host do, and what their processes use, for its page (S24.3). */
export class WorkerReports {
  readonly #options: WorkerReportsOptions;
  /** By rank. */
  readonly #workers = new Map<number, Watched>();
  /** Undefined until a rank is known. */
  #variable: string | undefined;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: WorkerReportsOptions) {
    this.#options = options;
  }

  started(rank: number, child: Pick<WorkerChild, 'usage'>): void {
    this.#workers.set(rank, { child, call: undefined, usage: undefined });
    if (this.#variable === undefined) void this.#begin(`${SENTINEL_REPORT}${rank}`);
  }

  /** @param seen the call that lasts; undefined when it has ended */
  calls(rank: number, seen: CallSeen | undefined): void {
    const worker = this.#workers.get(rank);
    if (worker === undefined) return;
    const since = this.#options.platform.clock.date().getTime();
    worker.call = seen && { batch: seen.batch, place: seen.at, isLoading: seen.isLoading, since };
  }

  ended(rank: number): void {
    this.#workers.delete(rank);
  }

  /** Nothing more is stored. */
  end(): void {
    this.#isOver = true;
    this.#timer?.stop();
  }

  async #begin(variable: string): Promise<void> {
    this.#variable = variable;
    const { connection, workspace } = this.#options;
    try {
      await connection.declare(workspace, variable, 'single');
      await this.#report();
    } catch {
      // The job has ended.
    }
  }

  async #report(): Promise<void> {
    const { connection, workspace, platform } = this.#options;
    if (this.#isOver || this.#variable === undefined) return;
    const workers = await Promise.all(
      Array.from(this.#workers, ([rank, worker]) => this.#reportOf(rank, worker)),
    );
    const report: SentinelReport = { host: platform.hostname, workers };
    await connection.store(workspace, this.#variable, plain(report));
    if (this.#isOver) return;
    this.#timer = platform.clock.startTimer(PERIOD_MS, () => void this.#report().catch(() => undefined));
  }

  async #reportOf(rank: number, worker: Watched): Promise<WorkerReport> {
    const used = await worker.child.usage();
    const at = this.#options.platform.clock.now();
    const before = worker.usage;
    worker.usage = used && { at, used };
    const processors =
      used === undefined || before === undefined || at <= before.at
        ? undefined
        : Math.round((100 * (used.processorMs - before.used.processorMs)) / (at - before.at)) / 100;
    return { rank, processors, memory: used?.memory, call: worker.call };
  }
}
