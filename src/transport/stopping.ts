import { BOUNDS } from '../wire/bounds.ts';
import type { AwakeTime } from './awake.ts';

/** Milliseconds between two looks at whether all of them have. */
const LOOK_MS = 10;

/** What a server does when it stops. */
interface Stoppable {
  readonly time: AwakeTime;
  /** The number of its connections. */
  connections(): number;
  /** Whether the client of one of them would lose something if the server stopped now. */
  someWouldLose(): boolean;
  stopListening(): void;
  handle(event: { type: 'draining' } | { type: 'stopping' }): void;
  /** Gives up everything that it holds. */
  release(): Promise<void>;
}

/** Stops a server: jobs that do not survive it shut down, clients take their remaining replies, then everything is closed. */
export class Stopping {
  readonly #server: Stoppable;
  /** Seconds. */
  #drain = Number.POSITIVE_INFINITY;
  #stopped: Promise<void> | undefined;

  constructor(server: Stoppable) {
    this.#server = server;
  }

  get hasBegun(): boolean {
    return this.#stopped !== undefined;
  }

  /** @param drain seconds in which clients may finish and disconnect before their connections are closed */
  begin(drain: number): Promise<void> {
    // A second call can only shorten the wait.
    if (drain < this.#drain) this.#drain = drain;
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #waitWhile(isAwaited: () => boolean, deadline: () => number): Promise<void> {
    const { time } = this.#server;
    while (time.now() < deadline() && isAwaited())
      await new Promise<void>((resolve) => void time.loop.startTimer(LOOK_MS, resolve));
  }

  async #stop(): Promise<void> {
    const { time } = this.#server;
    this.#server.stopListening();
    const letGo = time.keepAwake();
    const since = time.now();
    if (this.#drain > 0) this.#server.handle({ type: 'draining' });
    const deadline = (): number => since + this.#drain * 1000;
    await this.#waitWhile(() => this.#server.someWouldLose(), deadline);
    this.#server.handle({ type: 'stopping' });
    const end = time.now() + BOUNDS.stopMs.value;
    await this.#waitWhile(
      () => this.#server.connections() > 0,
      () => end,
    );
    letGo();
    await this.#server.release();
  }
}
