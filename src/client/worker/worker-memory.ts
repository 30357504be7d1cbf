import type { Timer } from '../clock.ts';
import { MODULE } from '../errors/job.ts';
import type { Platform } from '../platform.ts';
import { ModuleError, type Exports } from '../task/module-function.ts';

/** The number of fixed arguments that are kept: those of the latest batches. */
const MAX_KEPT = 16;
/** The number of broadcasts that are kept: the latest. A copy of an older one is called again. */
const MAX_BROADCASTS = 10_000;
/** The time limit for loading a module in milliseconds. */
export const LOAD_LIMIT_MS = 60_000;

/** What a worker process keeps from task to task. All of its ranks share it (S22.14). */
export class WorkerMemory {
  readonly #platform: Pick<Platform, 'clock' | 'loadModule'>;
  readonly #modules = new Map<string, Promise<Exports>>();
  readonly #fixedArgs = new Map<string, Promise<unknown>>();
  readonly #broadcasts = new Set<string>();

  constructor(platform: Pick<Platform, 'clock' | 'loadModule'>) {
    this.#platform = platform;
  }

  /** @throws ModuleError, or what the module throws */
  module(path: string): Promise<Exports> {
    return found(this.#modules, path, () => this.#load(path));
  }

  async #load(path: string): Promise<Exports> {
    const { clock } = this.#platform;
    let timer: Timer | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = clock.startTimer(LOAD_LIMIT_MS, () =>
        reject(new ModuleError(MODULE.tooSlow(path, LOAD_LIMIT_MS / 1_000))),
      );
    });
    try {
      return await Promise.race([this.#platform.loadModule(path), late]);
    } finally {
      timer?.stop();
    }
  }

  /** @param fetch called once, unless it throws */
  async fixedArgs(variable: string, fetch: () => Promise<unknown>): Promise<unknown> {
    const known = this.#fixedArgs.get(variable);
    if (known !== undefined) {
      // The latest used ones are kept.
      this.#fixedArgs.delete(variable);
      this.#fixedArgs.set(variable, known);
      return known;
    }
    const [oldest] = this.#fixedArgs.keys();
    if (this.#fixedArgs.size >= MAX_KEPT && oldest !== undefined) this.#fixedArgs.delete(oldest);
    return found(this.#fixedArgs, variable, fetch);
  }

  /** Drops the fixed arguments before that number, whose batches have ended. */
  dropFixedArgs(from: number): void {
    for (const variable of this.#fixedArgs.keys())
      if (Number(/\d+$/.exec(variable)?.[0]) < from) this.#fixedArgs.delete(variable);
  }

  /** @returns whether no rank of this process had a copy of that broadcast before */
  isFirstCopy(broadcast: string): boolean {
    if (this.#broadcasts.has(broadcast)) return false;
    const [oldest] = this.#broadcasts;
    if (this.#broadcasts.size >= MAX_BROADCASTS && oldest !== undefined) this.#broadcasts.delete(oldest);
    this.#broadcasts.add(broadcast);
    return true;
  }
}

/** What has failed is not kept. */
function found<T>(all: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = all.get(key);
  if (known !== undefined) return known;
  const made = make();
  all.set(key, made);
  made.catch(() => all.get(key) === made && all.delete(key));
  return made;
}
