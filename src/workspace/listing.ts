import { BOUNDS } from '../wire/bounds.ts';
import type { Pieces } from '../wire/payload.ts';
import type { Client } from './pending-get.ts';
import type { Account, MemoryBudget } from './memory-budget.ts';
import type { Refusal } from './refusal.ts';
import { sortedInSteps, type Steps } from './steps.ts';
import type { Workspace } from './workspace.ts';

/** The approximate size of a piece in bytes. */
const PIECE = 2 ** 16;
/** The memory of a part of a listing in addition to its text. */
const PART_OVERHEAD = 40;
/** The number of parts that are added between two checks of the time. */
const PARTS_AT_ONCE = 256;

/**
 * A text of many parts that is never assembled as a whole. Its parts are held until they are sent. It is accounted
 * for at its full length, because the names in it may be deleted while a slow client takes it.
 */
export class Listing implements Pieces {
  #parts: string[] = [];
  #next = 0;
  #size = 0;
  #held = 0;
  readonly #budget: MemoryBudget;
  readonly #client: Account | undefined;

  constructor(budget: MemoryBudget, client: Account | undefined) {
    this.#budget = budget;
    this.#client = client;
  }

  get size(): number {
    return this.#size;
  }

  add(part: string): void {
    this.#parts.push(part);
    this.#size += part.length;
  }

  /**
   * Accounts for what was added.
   * @returns why there is no memory for it (P12)
   */
  settle(): Refusal | undefined {
    const held = this.#size + this.#parts.length * PART_OVERHEAD;
    const refused = this.#budget.refusal(held - this.#held, { client: this.#client });
    if (refused !== undefined && held > BOUNDS.smallListingBytes.value) {
      this.drop();
      return refused;
    }
    this.#budget.take('listings', held - this.#held, { client: this.#client });
    this.#held = held;
    return undefined;
  }

  next(): string | undefined {
    let piece = '';
    while (piece.length < PIECE) {
      const part = this.#parts[this.#next];
      if (part === undefined) break;
      piece += part;
      this.#next++;
    }
    return piece === '' ? undefined : piece;
  }

  drop(): void {
    this.#budget.give('listings', this.#held, { client: this.#client });
    this.#held = 0;
    this.#parts = [];
  }
}

const isBefore = (a: { name: string }, b: { name: string }): boolean => a.name < b.name;

/**
 * Creates the listing of `list wss` (W10).
 * @returns why there is no memory for it, in which case it is dropped
 */
export function* listWorkspaces(
  workspaces: Iterable<Workspace>,
  asker: Client,
  listing: Listing,
): Steps<Refusal | undefined> {
  let isFirst = true;
  for (const workspace of yield* sortedInSteps(workspaces, isBefore)) {
    const { name, owner, owners, persistent, variableCount } = workspace;
    if (!isFirst) listing.add('\n');
    isFirst = false;
    listing.add(
      `${owners.has(asker) ? '>' : ' '}${name}\t${owner}\t${persistent ? 'True' : 'False'}\t${variableCount}\t`,
    );
    let count = 0;
    for (const variable of yield* sortedInSteps(workspace.variables, isBefore)) {
      if (count > 0) listing.add(',');
      listing.add(variable.name);
      if (++count % PARTS_AT_ONCE !== 0) continue;
      const refused = listing.settle();
      if (refused !== undefined) return refused;
      yield;
    }
    const refused = listing.settle();
    if (refused !== undefined) return refused;
    yield;
  }
  listing.add('\n');
  return listing.settle();
}

/** Creates the listing of `list vars` (V8), as `listWorkspaces`. */
export function* listVariables(workspace: Workspace, listing: Listing): Steps<Refusal | undefined> {
  let count = 0;
  for (const { name, hidden, behaviour } of yield* sortedInSteps(workspace.variables, isBefore)) {
    if (hidden) continue;
    behaviour.listed?.();
    const { mode, counts } = behaviour;
    if (count > 0) listing.add('\n');
    listing.add(name);
    listing.add(`\t${counts.values}\t${counts.fetchers}\t${counts.finders}\t${mode}`);
    if (++count % PARTS_AT_ONCE !== 0) continue;
    const refused = listing.settle();
    if (refused !== undefined) return refused;
    yield;
  }
  return listing.settle();
}
