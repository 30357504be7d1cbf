import { BOUNDS } from '../wire/bounds.ts';
import type { Answered, Answers } from '../views/whole.ts';

/** Milliseconds for which answers are not asked for again. */
export const FRESH_MS = 1_000;
/** Milliseconds after which answers that nobody reads are not kept. */
const KEPT_MS = 10_000;

/** Asks one server. @throws if it does not answer in time */
export type Ask<T> = (server: string, signal: AbortSignal) => Promise<T>;

interface Last<T> {
  readonly value: T | undefined;
  readonly at: number;
  readonly isAnswering: boolean;
}

/**
 * One question to several servers, and the last answer of each. It is asked again at most once a second, and only while
 * somebody reads the answers. A server that does not answer in time delays nobody, and its last answer stays.
 */
export class Gathering<T> {
  readonly #ask: Ask<T>;
  readonly #now: () => number;
  readonly #last = new Map<string, Last<T>>();
  #beganAt = -Infinity;
  #readAt: number;
  #round: Promise<void> | undefined;

  /** @param now milliseconds, on a clock that only goes forward */
  constructor(ask: Ask<T>, now: () => number) {
    this.#ask = ask;
    this.#now = now;
    this.#readAt = now();
  }

  get answers(): Answers<T> {
    const now = this.#now();
    this.#readAt = now;
    return new Map(
      Array.from(this.#last, ([server, { value, at, isAnswering }]): [string, Answered<T>] => [
        server,
        { value, isAnswering, agoMs: value === undefined ? undefined : now - at },
      ]),
    );
  }

  get isRead(): boolean {
    return this.#now() - this.#readAt < KEPT_MS;
  }

  get isFresh(): boolean {
    return this.#round !== undefined || this.#now() - this.#beganAt < FRESH_MS;
  }

  /**
   * Asks, unless the answers are fresh or on their way.
   * @param servers says whom to ask, when that is known
   * @returns when each has answered, or its time is over
   */
  refresh(servers: () => Promise<readonly string[]>): Promise<void> {
    if (this.#round !== undefined) return this.#round;
    if (this.isFresh) return Promise.resolve();
    this.#beganAt = this.#now();
    this.#round = this.#askAll(servers).finally(() => (this.#round = undefined));
    return this.#round;
  }

  async #askAll(servers: () => Promise<readonly string[]>): Promise<void> {
    const wanted = new Set(await servers());
    for (const server of this.#last.keys()) if (!wanted.has(server)) this.#last.delete(server);
    await Promise.all(Array.from(wanted, (server) => this.#askOne(server)));
  }

  async #askOne(server: string): Promise<void> {
    try {
      const value = await this.#ask(server, AbortSignal.timeout(BOUNDS.askedMs.value));
      this.#last.set(server, { value, at: this.#now(), isAnswering: true });
    } catch {
      const last = this.#last.get(server);
      this.#last.set(server, { value: last?.value, at: last?.at ?? 0, isAnswering: false });
    }
  }
}
