import type { Logger } from 'pino';
import type { EventLoop } from '../transport/event-loop.ts';

/** Milliseconds without another partition after which a line is written, and the most that its first one waits. */
const QUIET_MS = 2_000;
const MOST_MS = 10_000;

export const LEASE_OVER =
  'the lease is over: the store cannot be reached, and another server may claim the data';
export const FENCED =
  'another server has claimed the data, because this one did not renew its lease in time: what it had not made durable was not sent';

type Level = 'info' | 'warn';

interface Line {
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The epoch of each partition. */
  readonly epochs: Map<number, number | undefined>;
  readonly firstAt: number;
  stopTimer: () => void;
}

interface Happening {
  /** The default is `info`. */
  readonly level?: Level;
  /** What the partitions of one line have in common. */
  readonly fields?: Line['fields'];
  /** Under which the server owns or owned the partition. */
  readonly epoch?: number;
}

/** What happens to many partitions one after the other is one line in the log, which says which they are. */
export class PartitionLog {
  readonly #logger: Pick<Logger, Level>;
  readonly #loop: Pick<EventLoop, 'now' | 'startTimer'>;
  readonly #lines = new Map<string, Line>();

  constructor(logger: Pick<Logger, Level>, loop: Pick<EventLoop, 'now' | 'startTimer'>) {
    this.#logger = logger;
    this.#loop = loop;
  }

  /**
   * @param message the same for all partitions of one line
   */
  happened(message: string, partition: number, { level = 'info', fields = {}, epoch }: Happening = {}): void {
    const key = JSON.stringify([message, fields]);
    // The same again, as when a server takes up and gives up a partition in turn, is another line.
    if (this.#lines.get(key)?.epochs.has(partition) === true) this.#write(key);
    const now = this.#loop.now();
    const line = this.#lines.get(key) ?? {
      level,
      message,
      fields,
      epochs: new Map<number, number | undefined>(),
      firstAt: now,
      stopTimer: () => undefined,
    };
    this.#lines.set(key, line);
    line.epochs.set(partition, epoch);
    line.stopTimer();
    const wait = Math.min(QUIET_MS, Math.max(0, line.firstAt + MOST_MS - now));
    line.stopTimer = this.#loop.startTimer(wait, () => this.#write(key));
  }

  #write(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    this.#lines.delete(key);
    line.stopTimer();
    const { level, fields, message } = line;
    const [...known] = [...line.epochs].toSorted(([one], [other]) => one - other);
    const epochs = known.flatMap(([, epoch]) => epoch ?? []);
    const partitions = textOf(known.map(([partition]) => partition));
    this.#logger[level]({ ...fields, partitions, ...(epochs.length > 0 && { epochs }) }, message);
  }

  /** Writes what waits. */
  close(): void {
    for (const key of this.#lines.keys()) this.#write(key);
  }
}

/** `0-7, 9`. @param numbers in their order */
function textOf(numbers: readonly number[]): string {
  const runs: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}
