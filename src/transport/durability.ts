import type { Command } from '../core/commands.ts';
import type { Core } from '../core/core.ts';
import type { Entity } from '../store/change.ts';
import { RecordError } from '../store/failure.ts';
import type { Store } from '../store/store.ts';

/** What a client sees, which must keep its order. */
const isOutput = (command: Command): command is Extract<Command, { connection: number }> =>
  command.type === 'send' ||
  command.type === 'sendFile' ||
  command.type === 'flush' ||
  command.type === 'startTls' ||
  command.type === 'close';

/** Commands that are performed once the changes of their events, and all earlier changes, are durable. */
interface Batch {
  readonly commands: Command[];
}

/** What the transport does for it. */
export interface Performer {
  perform(commands: readonly Command[]): void;
  /** Stops or resumes reading from a client whose replies wait for work that is half done. */
  holdReading(connection: number, isHeld: boolean): void;
  /** It is not known whether a commit is durable. Nothing must be sent any more. */
  failed(error: unknown): void;
}

export interface StoreInUse {
  readonly store: Store;
  readonly sync: string;
}

/** Figures for metrics and the page. */
export interface CommitFigures {
  /** The number of commits, and of changes in them. */
  commits: number;
  changes: number;
  /** The seconds that the last commit took, and all of them together. */
  lastSeconds: number;
  seconds: number;
  /** The number of entities that were taken up at the start, and the seconds that it took. */
  recovered: number;
  recoverySeconds: number;
}

/**
 * Persists before it sends (D2): what an event that has touched the durable state sends leaves when its changes, and all
 * earlier ones, are committed. There is one commit at a time. What comes meanwhile goes with the next one.
 *
 * A commit waits while work that changes the state is half done (D3). It cannot wait for ever: meanwhile nothing more is
 * read from the clients whose replies wait, so each of them can begin at most what has already arrived from it, and every
 * piece of work comes to its end in turns (P14).
 */
export class Durability {
  readonly figures: CommitFigures = {
    commits: 0,
    changes: 0,
    lastSeconds: 0,
    seconds: 0,
    recovered: 0,
    recoverySeconds: 0,
  };
  /** When commits are on the disk. */
  readonly sync: string;
  readonly #store: Store;
  readonly #core: Core;
  readonly #performer: Performer;
  readonly #now: () => number;
  #next: Batch = { commands: [] };
  #inFlight: Batch | undefined;
  /** The last batch that has output for each connection. */
  readonly #held = new Map<number, Batch>();
  /** The connections that are not read from. */
  readonly #unread = new Set<number>();
  #hasFailed = false;
  #onSettled: (() => void) | undefined;

  /** @param now milliseconds of a monotonic clock */
  constructor({ store, sync }: StoreInUse, core: Core, performer: Performer, now: () => number) {
    this.#store = store;
    this.sync = sync;
    this.#core = core;
    this.#performer = performer;
    this.#now = now;
  }

  /** The bytes that the store takes on the disk. */
  get bytes(): number {
    return this.#store.bytes ?? 0;
  }

  /** The number of connections whose output waits. */
  get waiting(): number {
    return this.#held.size;
  }

  /**
   * Takes up what the store has, and makes durable what follows from it.
   * @param time milliseconds since 1970
   * @throws if the store is in use, or has a format that is not known, or fails
   */
  async recover(time: () => number): Promise<void> {
    await this.#store.claim();
    void this.#store.failure?.then((error) => this.#fail(error));
    const began = this.#now();
    for await (const entities of this.#store.load()) {
      // The event loop has its turn between two portions.
      if (this.figures.recovered > 0) await new Promise<void>((resolve) => void setImmediate(resolve));
      for (const entity of entities) this.#restore(entity, time());
      this.figures.recovered += entities.length;
    }
    const commands = this.#core.recover(time());
    // Files of what is deleted now are discarded afterwards, so that they are there if the server ends in between.
    const batch: Batch = { commands: commands.filter(({ type }) => type === 'discardFile') };
    // Timers that are due fire meanwhile. What they change waits for this commit.
    this.#inFlight = batch;
    this.#performer.perform(commands.filter(({ type }) => type !== 'discardFile'));
    try {
      await this.#store.commit(this.#core.takeChanges() ?? []);
    } finally {
      this.#inFlight = undefined;
    }
    if (!this.#hasFailed) this.#release(batch);
    this.figures.recoverySeconds = (this.#now() - began) / 1000;
    this.#begin();
  }

  #restore(entity: Entity, time: number): void {
    try {
      this.#core.restore(entity, time);
    } catch (cause) {
      throw new RecordError(entity.key, cause);
    }
  }

  /** Performs the commands of an event, now or when they may be. */
  handled(commands: readonly Command[]): void {
    if (this.#hasFailed) return;
    const isTouched = this.#core.isTouched;
    if (!isTouched && this.#inFlight === undefined && this.#next.commands.length === 0)
      return this.#performer.perform(commands);
    const now: Command[] = [];
    for (const command of commands) {
      if (isOutput(command)) {
        const batch = isTouched ? this.#next : this.#held.get(command.connection);
        if (batch === undefined) now.push(command);
        else this.#hold(command, command.connection, batch);
      } else if (command.type === 'discardFile') this.#next.commands.push(command);
      else now.push(command);
    }
    this.#performer.perform(now);
    this.#begin();
  }

  #hold(command: Command, connection: number, batch: Batch): void {
    batch.commands.push(command);
    this.#held.set(connection, batch);
  }

  /** Begins the next commit, if there is something to make durable or to confirm, unless one is in flight or work is half done. */
  #begin(): void {
    while (this.#inFlight === undefined && !this.#hasFailed) {
      const changes = this.#core.takeChanges();
      if (changes === undefined) return this.#waitForWork();
      const batch = this.#next;
      this.#next = { commands: [] };
      if (changes.length > 0 || (this.#store.confirmsReads === true && batch.commands.length > 0)) {
        this.#inFlight = batch;
        void this.#commit(changes, batch);
      } else if (batch.commands.length > 0) this.#release(batch);
      else return this.#settled();
    }
  }

  async #commit(changes: Parameters<Store['commit']>[0], batch: Batch): Promise<void> {
    const began = this.#now();
    try {
      await this.#store.commit(changes);
    } catch (error) {
      return this.#fail(error);
    }
    // The server may have been fenced meanwhile (D9).
    if (this.#hasFailed) return;
    const { figures } = this;
    figures.commits++;
    figures.changes += changes.length;
    figures.lastSeconds = (this.#now() - began) / 1000;
    figures.seconds += figures.lastSeconds;
    this.#inFlight = undefined;
    this.#release(batch);
    this.#begin();
  }

  #release(batch: Batch): void {
    for (const [connection, held] of this.#held) if (held === batch) this.#held.delete(connection);
    for (const connection of this.#unread) this.#performer.holdReading(connection, false);
    this.#unread.clear();
    this.#performer.perform(batch.commands.filter(({ type }) => type !== 'discardFile'));
    this.#discard(batch.commands);
  }

  /** Files are discarded when it is on the disk that nothing refers to them. */
  #discard(commands: readonly Command[]): void {
    const discards = commands.filter(({ type }) => type === 'discardFile');
    if (discards.length === 0) return;
    const onDisk = this.#store.onDisk?.();
    if (onDisk === undefined) this.#performer.perform(discards);
    else void onDisk.then(() => this.#performer.perform(discards));
  }

  #waitForWork(): void {
    for (const connection of this.#held.keys()) {
      if (this.#unread.has(connection)) continue;
      this.#unread.add(connection);
      this.#performer.holdReading(connection, true);
    }
  }

  #settled(): void {
    this.#onSettled?.();
  }

  /** Commits nothing more, and releases nothing that waits: another server has the data (D9). */
  abandon(why: Error): void {
    this.#fail(why);
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#performer.failed(error);
    this.#settled();
  }

  /** Waits until everything is durable and sent, then gives the store up. */
  async close(): Promise<void> {
    const settled = new Promise<void>((resolve) => (this.#onSettled = resolve));
    if (this.#inFlight === undefined) this.#begin();
    if (this.#hasFailed) this.#settled();
    await settled;
    await this.#store.close();
  }
}
