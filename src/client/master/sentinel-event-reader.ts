import { KEY, VARIABLE } from '../../wire/names.ts';
import { delay } from '../clock.ts';
import type { Found } from '../connection/connection.ts';
import { Follower } from '../workspace/follower.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';

export interface SentinelEventListener {
  /** Called with the output of workers, in whole lines. */
  readonly onOutput: (text: string) => void;
  readonly onDeath: (rank: number, how: string) => void;
}

/** Milliseconds to wait for the last output of workers that others have started. */
const LAST_NEWS_MS = 1_000;
const LOOK_MS = 20;
/** A group of sentinels in `agentStatus` that has members (S12). */
const SENTINELS_ARE_THERE = /^(?:Active|Blocked) sentinels\n {2}- /m;

/** Reads what sentinels of other launchers store to variables of the job; see sentinel-event-writer.ts. */
export class SentinelEventReader {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  readonly #followers: readonly Follower[];

  constructor(lines: ConnectionPool, workspace: string, { onOutput, onDeath }: SentinelEventListener) {
    this.#lines = lines;
    this.#workspace = workspace;
    const print = ({ value, metadata }: Found): void => {
      if (metadata.get(KEY.passedOn) !== '1') onOutput(`${String(value)}\n`);
    };
    this.#followers = [
      new Follower(lines, workspace, VARIABLE.logDebug, print),
      new Follower(lines, workspace, VARIABLE.logError, (found) => {
        const how = found.metadata.get(KEY.ended);
        if (how === undefined) print(found);
        else onDeath(Number(found.metadata.get(KEY.rank)), how);
      }),
    ];
  }

  /**
   * Must be called when the job has ended.
   * @returns when everything that arrives within a moment is read; it never rejects
   */
  async close(): Promise<void> {
    const { clock } = this.#lines.main;
    const end = clock.now() + LAST_NEWS_MS;
    while (clock.now() < end && (await this.#sentinelsAreThere())) await delay(clock, LOOK_MS);
    await Promise.all(this.#followers.map((follower) => follower.close()));
  }

  async #sentinelsAreThere(): Promise<boolean> {
    try {
      const { value } = await this.#lines.main.find(this.#workspace, VARIABLE.agentStatus);
      return SENTINELS_ARE_THERE.test(String(value));
    } catch {
      return false;
    }
  }
}
