import { KEY, VARIABLE } from '../../wire/names.ts';
import { delay } from '../clock.ts';
import type { Found } from '../connection/connection.ts';
import { Follower } from '../workspace/follower.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';

export interface SentinelEventListener {
  /** What workers print, in whole lines. */
  readonly onOutput: (text: string) => void;
  readonly onDeath: (rank: number, how: string) => void;
}

/** Milliseconds that sentinels which others have started have to tell what their workers printed last. */
const LAST_NEWS_MS = 1_000;
const LOOK_MS = 20;
/** A group of `agentStatus` that has somebody in it, of sentinels that have not left (S12). */
const SENTINELS_ARE_THERE = /^(?:Active|Blocked) sentinels\n {2}- /m;

/** Hears what sentinels tell through the job that no launcher of its master has started here; see sentinel-reports.ts. */
export class SentinelEventReader {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  readonly #followers: readonly Follower[];

  constructor(lines: ConnectionPool, workspace: string, { onOutput, onDeath }: SentinelEventListener) {
    this.#lines = lines;
    this.#workspace = workspace;
    const print = ({ value }: Found): void => onOutput(`${String(value)}\n`);
    this.#followers = [
      new Follower(lines, workspace, VARIABLE.logDebug, print),
      new Follower(lines, workspace, VARIABLE.logError, (found) => {
        const how = found.metadata.get(KEY.ended);
        if (how === undefined) print(found);
        else onDeath(Number(found.metadata.get(KEY.rank)), how);
      }),
    ];
  }

  /** To be called when the job is over. @returns when all is heard that is told in a moment; rejects never */
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
