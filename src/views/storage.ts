import { History } from './history.ts';
import type { StorageView } from './storage-types.ts';

/** What the transport tells about its store. */
export interface Storage {
  readonly sync: string;
  /** Bytes on the disk. */
  readonly bytes: number;
  /** The number of connections whose replies wait for a commit. */
  readonly waiting: number;
  readonly figures: {
    readonly commits: number;
    /** The seconds that the last commit took, and all of them together. */
    readonly lastSeconds: number;
    readonly seconds: number;
    readonly recovered: number;
    readonly recoverySeconds: number;
  };
}

/** The figures of a store over time. */
export class StorageFigures {
  readonly #storage: Storage;
  readonly #times = new History(['commits', 'time']);
  #last: { readonly time: number; readonly commits: number; readonly seconds: number } | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** @param time milliseconds since 1970 */
  sample(time: number): void {
    const { commits, seconds } = this.#storage.figures;
    const last = this.#last;
    this.#last = { time, commits, seconds };
    if (last === undefined || time <= last.time) return;
    const newer = commits - last.commits;
    const mean = newer === 0 ? 0 : (1000 * (seconds - last.seconds)) / newer;
    this.#times.add(time, [(newer * 1000) / (time - last.time), mean]);
  }

  get view(): StorageView {
    const { sync, bytes, waiting, figures } = this.#storage;
    const { commits, lastSeconds, seconds, recovered, recoverySeconds } = figures;
    return {
      sync,
      bytes,
      commits,
      last: 1000 * lastSeconds,
      mean: commits === 0 ? 0 : (1000 * seconds) / commits,
      waiting,
      recovered,
      recovery: 1000 * recoverySeconds,
      times: this.#times.series,
    };
  }
}
