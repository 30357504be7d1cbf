/** What sentinels tell through variables of the job, for whoever launched them, and for people who look. */
import type { WorkerEnd } from '../../machines/pool/worker-process.ts';
import type { Metadata } from '../../wire/payload.ts';
import type { NwsConnection } from '../connection/connection.ts';
import type { Platform } from '../platform.ts';

/** What workers print on standard output; on standard error, and how they ended; that a sentinel has ended. */
export const LOG_DEBUG = 'logDebug';
export const LOG_ERROR = 'logError';
export const BYE = 'bye';
/** The end of a worker (S13, S19). */
const WORKER_DEAD = 'worker_dead';
/** Metadata of that: the sentinel's, and how, why and where the worker ended. */
const SESSION = 'session';
const HOW = 'how';
const WHY = 'why';
const LAST_WORDS = 'lastWords';
const TASK = 'task';
const AT = 'at';

/** Metadata of what is told: the worker's rank, when (ISO 8601), and on which host. */
export const RANK = 'rank';
const TIME = 'time';
const HOST = 'host';
/** Metadata of an end that is told in `logError`: how the worker ended. */
export const ENDED = 'ended';
/** Metadata of a bye: which station it is, how many workers it had started, and why it has none any more. */
export const STATION = 'station';
export const WORKERS = 'workers';
export const REASON = 'reason';

/** Tells them, from one host. What cannot be told any more, the job being gone, is left untold. */
export class SentinelEventWriter {
  readonly #connection: NwsConnection;
  readonly #workspace: string;
  readonly #session: string;
  readonly #platform: Platform;

  /** @param connection that uses the workspace, and on which nobody waits */
  constructor(connection: NwsConnection, workspace: string, session: string, platform: Platform) {
    this.#connection = connection;
    this.#workspace = workspace;
    this.#session = session;
    this.#platform = platform;
  }

  /** @returns when the server has taken it, so that it is told at the pace of the server */
  output(rank: number, variable: typeof LOG_DEBUG | typeof LOG_ERROR, lines: string): Promise<void> {
    return this.#tell(variable, lines, { [RANK]: String(rank) });
  }

  /** How a worker ended (S19). */
  end({ rank, how, task, why, words, at }: WorkerEnd): Promise<void> {
    const details = { [SESSION]: this.#session, [HOW]: how, [TASK]: task, [WHY]: why, [LAST_WORDS]: words };
    const place = task === 'failed' ? { [AT]: String(at) } : {};
    return this.#tell(WORKER_DEAD, String(rank), { ...details, ...place });
  }

  /** For people, and for the master. */
  death(rank: number, how: string): Promise<void> {
    const details = { [RANK]: String(rank), [ENDED]: how };
    return this.#tell(LOG_ERROR, `worker ${rank} has ended: ${how}`, details);
  }

  bye(workers: number, station: string, reason: string): Promise<void> {
    const details = { [WORKERS]: String(workers), [STATION]: station, [REASON]: reason };
    return this.#tell(BYE, `the sentinel of ${workers} workers has ended`, details);
  }

  async #tell(variable: string, text: string, details: Readonly<Record<string, string>>): Promise<void> {
    const { clock, hostname } = this.#platform;
    const always = { [TIME]: clock.date().toISOString(), [HOST]: hostname };
    const metadata: Metadata = new Map(Object.entries({ ...always, ...details }));
    await this.#connection.store(this.#workspace, variable, text, metadata).catch(() => undefined);
  }
}
