/** What sentinels store to variables of the job, for their launcher and for people. */
import type { WorkerEnd } from '../../machines/pool/worker-process-setup.ts';
import { KEY, VARIABLE } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import type { NwsConnection } from '../connection/connection.ts';
import type { Platform } from '../platform.ts';

/** The number of characters of copied output that may be on their way to the server. */
const MOST_COPIED_AT_ONCE = 256 << 10;

/** Writes the events of one host. If the job has ended, they are lost. */
export class SentinelEventWriter {
  readonly #connection: NwsConnection;
  readonly #workspace: string;
  readonly #session: string;
  readonly #platform: Platform;
  /** The characters of copies that the server has not accepted yet, and the copies left out for that reason. */
  #copying = 0;
  #left = 0;

  /** @param connection a connection that has opened the workspace and is not used for waits */
  constructor(connection: NwsConnection, workspace: string, session: string, platform: Platform) {
    this.#connection = connection;
    this.#workspace = workspace;
    this.#session = session;
    this.#platform = platform;
  }

  /** @returns when the server has accepted it, so that output is sent as fast as the server takes it */
  output(
    rank: number,
    variable: typeof VARIABLE.logDebug | typeof VARIABLE.logError,
    lines: string,
  ): Promise<void> {
    return this.#tell(variable, lines, { [KEY.rank]: String(rank) });
  }

  /** A copy of lines that the launcher has already, for the page of the server (S24.4). It delays nothing. */
  copy(rank: number, variable: typeof VARIABLE.logDebug | typeof VARIABLE.logError, lines: string): void {
    if (this.#copying + lines.length > MOST_COPIED_AT_ONCE) {
      this.#left++;
      return;
    }
    const left = this.#left === 0 ? '' : `(output was left out here ${this.#left} times: it came too fast)\n`;
    this.#left = 0;
    this.#copying += lines.length;
    const details = { [KEY.rank]: String(rank), [KEY.passedOn]: '1' };
    void this.#tell(variable, left + lines, details).then(() => (this.#copying -= lines.length));
  }

  /** Reports how a worker ended (S19). */
  end({ rank, how, task, why, words, at }: WorkerEnd): Promise<void> {
    const details = {
      [KEY.session]: this.#session,
      [KEY.how]: how,
      [KEY.task]: task,
      [KEY.why]: why,
      [KEY.lastWords]: words,
    };
    const place = task === 'failed' ? { [KEY.at]: String(at) } : {};
    return this.#tell(VARIABLE.workerDead, String(rank), { ...details, ...place });
  }

  /** For people, and for the master. */
  death(rank: number, how: string): Promise<void> {
    const details = { [KEY.rank]: String(rank), [KEY.ended]: how };
    return this.#tell(VARIABLE.logError, `worker ${rank} has ended: ${how}`, details);
  }

  bye(workers: number, station: string, reason: string): Promise<void> {
    const details = { [KEY.workers]: String(workers), [KEY.station]: station, [KEY.byeReason]: reason };
    return this.#tell(VARIABLE.bye, `the sentinel of ${workers} workers has ended`, details);
  }

  async #tell(variable: string, text: string, details: Readonly<Record<string, string>>): Promise<void> {
    const { clock, hostname } = this.#platform;
    const always = { [KEY.time]: clock.date().toISOString(), [KEY.host]: hostname };
    const metadata: Metadata = new Map(Object.entries({ ...always, ...details }));
    await this.#connection.store(this.#workspace, variable, text, metadata).catch(() => undefined);
  }
}
