import type { Core } from '../../src/core/core.ts';
import type { Change, Entity } from '../../src/store/change.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Projection } from '../../test/support/projection.ts';
import type { World } from './world.ts';

/** Milliseconds that a commit takes, at most, and one in twenty. */
const COMMIT_MS = 5;
const SLOW_COMMIT_MS = 500;

/** The server that uses the store. */
interface StoreUser {
  readonly core: Core;
  /** Something arrives in its process. Nothing does when it has ended. */
  receive(act: () => void): void;
}

/**
 * A store that outlives its servers. A commit takes its time. If the server ends meanwhile, the changes are there, all of
 * them, or none. At each commit the store must have what the core says that survives it: the projection law.
 */
export class SimulatedStore implements Store {
  readonly #world: World;
  readonly #durable = new MemoryStore();
  #user: StoreUser | undefined;
  #projection: Projection | undefined;
  #inFlight: readonly Change[] | undefined;
  #onCommit: (() => void) | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Another server uses it. */
  usedBy(user: StoreUser): void {
    this.#user = user;
    this.#projection = new Projection(user.core);
    this.#projection.store.apply(this.#durable.entities.map((entity) => ({ type: 'put', ...entity })));
  }

  /** What was committed, with the commit in flight. */
  get committed(): readonly Entity[] {
    return this.#projection?.store.entities ?? [];
  }

  /** The server has ended. The commit in flight is on the disk, or not. */
  serverDies(): void {
    if (this.#inFlight !== undefined && this.#world.random.chance(0.5)) this.#durable.apply(this.#inFlight);
    this.#inFlight = undefined;
    this.#user = undefined;
  }

  /** Does something while the next commit is in flight. */
  duringNextCommit(act: () => void): void {
    this.#onCommit = act;
  }

  claim(): Promise<void> {
    return Promise.resolve();
  }

  load(): AsyncIterable<readonly Entity[]> {
    return this.#durable.load();
  }

  commit(changes: readonly Change[]): Promise<void> {
    const { wrongs, random, agenda } = this.#world;
    const user = this.#user;
    if (this.#inFlight !== undefined) wrongs.push('two commits are in flight');
    if (wrongs.length === 0) wrongs.push(...(this.#projection?.committed(changes) ?? []));
    // The first server of a simulation has begun before its time does.
    if (this.#durable.size === 0) return this.#durable.commit(changes);
    this.#inFlight = changes;
    const milliseconds = random.fraction() * (random.chance(0.05) ? SLOW_COMMIT_MS : COMMIT_MS);
    const onCommit = this.#onCommit;
    this.#onCommit = undefined;
    if (onCommit !== undefined) agenda.after(random.fraction() * milliseconds, onCommit);
    return new Promise((resolve) => {
      agenda.after(milliseconds, () => {
        if (this.#inFlight !== changes) return;
        this.#durable.apply(changes);
        this.#inFlight = undefined;
        user?.receive(resolve);
      });
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
