import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import { COST } from '../workspace/memory-budget.ts';

/**
 * Agents by number. Of those that have ended it keeps only the last ones, so that a group can run for ever (S17). It
 * accounts for their memory.
 */
export class BoundedRegistry<Agent> {
  readonly #agents = new Map<number, Agent>();
  /** The ended agents, oldest first. */
  readonly #ended = new Set<number>();
  readonly #maxEnded: number;
  readonly #accounting: StorageAccounting;

  constructor(maxEnded: number, accounting: StorageAccounting) {
    this.#maxEnded = maxEnded;
    this.#accounting = accounting;
  }

  get all(): readonly Agent[] {
    return [...this.#agents.values()];
  }

  get size(): number {
    return this.#agents.size;
  }
  values(): Iterable<Agent> {
    return this.#agents.values();
  }

  get(number: number): Agent | undefined {
    return this.#agents.get(number);
  }

  /** Replaces an ended agent of that number, if there is one (S19). */
  add(number: number, agent: Agent): void {
    this.#ended.delete(number);
    if (!this.#agents.has(number)) this.#accounting.take('agents', COST.agent);
    this.#agents.set(number, agent);
  }

  /**
   * Marks an agent as ended.
   * @returns the entry that was evicted to make room, if any
   */
  markEnded(number: number): Agent | undefined {
    if (this.#maxEnded === Number.POSITIVE_INFINITY) return undefined;
    this.#ended.add(number);
    if (this.#ended.size <= this.#maxEnded) return undefined;
    const [forgotten] = this.#ended;
    if (forgotten === undefined) return undefined;
    this.#ended.delete(forgotten);
    const agent = this.#agents.get(forgotten);
    if (this.#agents.delete(forgotten)) this.#accounting.give('agents', COST.agent);
    return agent;
  }

  /** Removes all agents, because the job has been deleted. */
  forgetAll(): void {
    this.#accounting.give('agents', this.#agents.size * COST.agent);
    this.#agents.clear();
  }
}
