/** What sentinels tell through variables of the job, for whoever launched them, and for people who look. */
import type { Readable } from 'node:stream';
import type { Metadata } from '../wire/payload.ts';
import type { ChildOutput } from './child.ts';
import type { NwsConnection } from './connection.ts';
import { thisHost, type Platform } from './platform.ts';

/** What workers print on standard output; on standard error, and how they died; that a sentinel has ended. */
export const LOG_DEBUG = 'logDebug';
export const LOG_ERROR = 'logError';
export const BYE = 'bye';
/** A rank that is stored there is dead (S13). */
const WORKER_DEAD = 'worker_dead';

/** Metadata of what is told: the worker's rank, when (ISO 8601), and on which host. */
export const RANK = 'rank';
const TIME = 'time';
const HOST = 'host';
/** Metadata of a death: how the worker ended. */
export const ENDED = 'ended';
/** Metadata of a bye: which station it is, and how many workers it had started. */
export const STATION = 'station';
export const WORKERS = 'workers';

/** Characters of a line that has not ended yet, at most; what is longer is told in parts. */
const LONGEST_LINE = 65_536;

/** Tells them, from one host. What cannot be told any more, the job being gone, is left untold. */
export class SentinelReports {
  readonly #connection: NwsConnection;
  readonly #workspace: string;
  readonly #platform: Platform;
  readonly #outputs = new Set<Promise<void>>();

  /** @param connection that uses the workspace, and on which nobody waits */
  constructor(connection: NwsConnection, workspace: string, platform = thisHost) {
    this.#platform = platform;
    this.#connection = connection;
    this.#workspace = workspace;
  }

  /** Passes on what a worker prints, at the pace at which the server takes it. */
  passOn(rank: number, { stdout, stderr }: ChildOutput): void {
    for (const [stream, variable] of [
      [stdout, LOG_DEBUG],
      [stderr, LOG_ERROR],
    ] as const) {
      const passed = linesTold(stream, (lines) => this.#tell(variable, lines, { [RANK]: String(rank) }));
      this.#outputs.add(passed);
      void passed.then(() => this.#outputs.delete(passed));
    }
  }

  /** The server has perhaps not seen it: a connection may outlive who opened it. */
  async death(rank: number, how: string): Promise<void> {
    const dead = this.#tell(WORKER_DEAD, String(rank), {});
    await this.#tell(LOG_ERROR, `worker ${rank} has ended: ${how}`, { [RANK]: String(rank), [ENDED]: how });
    await dead;
  }

  /** @returns when it is told, after all that workers have printed */
  async bye(workers: number, station: string): Promise<void> {
    await Promise.all(this.#outputs);
    const details = { [WORKERS]: String(workers), [STATION]: station };
    await this.#tell(BYE, `the sentinel of ${workers} workers has ended`, details);
  }

  async #tell(variable: string, text: string, details: Readonly<Record<string, string>>): Promise<void> {
    const { clock, hostname } = this.#platform;
    const always = { [TIME]: clock.date().toISOString(), [HOST]: hostname };
    const metadata: Metadata = new Map(Object.entries({ ...always, ...details }));
    await this.#connection.store(this.#workspace, variable, text, metadata).catch(() => undefined);
  }
}

/** Whole lines, as many as have come. */
async function linesTold(stream: Readable, tell: (lines: string) => Promise<void>): Promise<void> {
  let rest = '';
  try {
    for await (const piece of stream.setEncoding('utf8')) {
      rest += String(piece);
      const end = rest.length > LONGEST_LINE ? rest.length : rest.lastIndexOf('\n') + 1;
      if (end === 0) continue;
      const lines = rest.slice(0, end);
      rest = rest.slice(end);
      await tell(lines.replace(/\n$/, ''));
    }
  } catch {
    // A stream that breaks has nothing more to say.
  }
  if (rest !== '') await tell(rest);
}
