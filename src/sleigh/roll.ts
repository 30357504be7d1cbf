import Denque from 'denque';

/** Agents by number. Of those that have ended it knows the last ones, so that a group can go on for ever (S17). */
export class Roll<Agent> {
  readonly #agents = new Map<number, Agent>();
  readonly #ended = new Denque<number>();
  readonly #mostEnded: number;

  constructor(mostEnded: number) {
    this.#mostEnded = mostEnded;
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

  add(number: number, agent: Agent): void {
    this.#agents.set(number, agent);
  }

  /** It has ended. @returns who is forgotten for it, if somebody is */
  retire(number: number): Agent | undefined {
    if (this.#mostEnded === Number.POSITIVE_INFINITY) return undefined;
    this.#ended.push(number);
    const forgotten = this.#ended.length > this.#mostEnded ? this.#ended.shift() : undefined;
    if (forgotten === undefined) return undefined;
    const agent = this.#agents.get(forgotten);
    this.#agents.delete(forgotten);
    return agent;
  }
}
