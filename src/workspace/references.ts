import { COST, type Account, type MemoryBudget } from './memory-budget.ts';
import type { Refusal } from './refusal.ts';
import { eachInSteps, type Steps } from './steps.ts';
import type { Client } from './pending-get.ts';
import type { Workspace } from './workspace.ts';

/** A client that opens, uses and creates workspaces. */
export interface Opener extends Client {
  readonly references: References;
}

const memoryOf = (name: string): number => COST.reference + name.length;

/**
 * The workspaces that a connection has opened or used. A reference keeps denoting the same workspace, even if another
 * one gets its name (W5). The references are charged to that connection, because they outlive the workspace.
 */
export class References {
  readonly #workspaces = new Map<string, Workspace>();
  readonly #budget: MemoryBudget;
  readonly #client: Account | undefined;
  readonly #changed: () => void;
  /** The workspaces that the client has opened, and not only used. */
  readonly #opened = new Set<Workspace>();

  /** @param changed called when there is another one, or one less */
  constructor(budget: MemoryBudget, client?: Account, changed: () => void = () => undefined) {
    this.#budget = budget;
    this.#client = client;
    this.#changed = changed;
  }

  /** @returns why there is no memory for another one (P12) */
  refusal(name: string): Refusal | undefined {
    if (this.#workspaces.has(name)) return undefined;
    return this.#budget.refusal(memoryOf(name), { client: this.#client });
  }

  get(name: string): Workspace | undefined {
    return this.#workspaces.get(name);
  }
  values(): Iterable<Workspace> {
    return this.#workspaces.values();
  }

  /** Those that the client has opened. */
  get opened(): ReadonlySet<Workspace> {
    return this.#opened;
  }

  /** The client has opened a workspace that it refers to (W2). */
  open(workspace: Workspace): void {
    this.#opened.add(workspace);
    this.#changed();
  }

  add(workspace: Workspace): void {
    const { name } = workspace;
    if (!this.#workspaces.has(name))
      this.#budget.take('references', memoryOf(name), { client: this.#client });
    const former = this.#workspaces.get(name);
    if (former === workspace) return;
    if (former !== undefined) this.#opened.delete(former);
    this.#workspaces.set(name, workspace);
    this.#changed();
  }

  delete(name: string): void {
    const workspace = this.#workspaces.get(name);
    if (workspace === undefined) return;
    this.#workspaces.delete(name);
    this.#opened.delete(workspace);
    this.#budget.give('references', memoryOf(name), { client: this.#client });
    this.#changed();
  }

  clear(): Steps {
    return eachInSteps(this.#workspaces.keys(), (name) => this.delete(name));
  }
}
