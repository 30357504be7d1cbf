import type { ServerAddress } from '../server-address.ts';
import type { Found } from '../connection.ts';
import { NetWorkSpace } from '../net-work-space.ts';
import { BYE, ENDED, LOG_DEBUG, LOG_ERROR, RANK, STATION, WORKERS } from '../sentinel-reports.ts';

export interface NewsListener {
  /** What workers print, in whole lines. */
  readonly onOutput: (text: string) => void;
  readonly onDeath: (rank: number, how: string) => void;
  /** A sentinel of that station has ended, which had started so many workers. */
  readonly onBye: (station: string, workers: number) => void;
}

/** Hears what sentinels elsewhere tell through the job; the other end of sentinel-reports.ts. */
export class SentinelNews {
  readonly #ws: NetWorkSpace;
  readonly #closing = new AbortController();
  readonly #heard: Promise<unknown>;

  /** @throws NwsError, ConnectionLostError */
  static async open(server: ServerAddress, workspace: string, listener: NewsListener): Promise<SentinelNews> {
    return new SentinelNews(await NetWorkSpace.use(workspace, { ...server, create: false }), listener);
  }

  private constructor(ws: NetWorkSpace, { onOutput, onDeath, onBye }: NewsListener) {
    this.#ws = ws;
    const print = ({ value }: Found): void => onOutput(`${String(value)}\n`);
    this.#heard = Promise.all([
      this.#hear(LOG_DEBUG, print),
      this.#hear(LOG_ERROR, (found) => {
        const how = found.metadata.get(ENDED);
        if (how === undefined) print(found);
        else onDeath(Number(found.metadata.get(RANK)), how);
      }),
      this.#hearByes(onBye),
    ]);
  }

  /** Left for others to hear: each launcher of a job waits for its own (S17). */
  async #hearByes(onBye: NewsListener['onBye']): Promise<void> {
    const options = { as: 'found', signal: this.#closing.signal } as const;
    try {
      for await (const { metadata } of this.#ws.ifind(BYE, options))
        onBye(metadata.get(STATION) ?? '', Number(metadata.get(WORKERS) ?? 0));
    } catch {
      // It is to end, or the job has gone.
    }
  }

  async #hear(variable: string, use: (found: Found) => void): Promise<void> {
    const { signal } = this.#closing;
    try {
      while (!signal.aborted) use(await this.#ws.fetch(variable, { as: 'found', signal }));
    } catch {
      // It is to end, or the job has gone.
    }
    try {
      for await (const found of this.#ws.ifetchTry(variable, { as: 'found' })) use(found);
    } catch {
      // The job has gone.
    }
  }

  /** @returns when all is heard that has been told */
  async close(): Promise<void> {
    this.#closing.abort(new Error('enough is heard'));
    await this.#heard;
    this.#ws.close();
  }
}
