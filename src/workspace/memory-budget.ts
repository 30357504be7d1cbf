import type { Limits } from '../wire/limits.ts';
import type { Metadata } from '../wire/payload.ts';
import { LIMIT } from '../wire/limit-refusals.ts';
import { refusal, type Refusal } from './refusal.ts';

/** @returns the counts of bytes, all 0, of each kind of data that memory is held for. `Incoming` accounts for `requests`. */
export const noMemory = () => ({
  values: 0,
  nullResults: 0,
  names: 0,
  labels: 0,
  metadata: 0,
  references: 0,
  barrierMembers: 0,
  jobs: 0,
  agents: 0,
  batches: 0,
  listings: 0,
  sessions: 0,
  leases: 0,
});
export type Kind = keyof ReturnType<typeof noMemory>;

/**
 * The memory of an object of each kind in addition to its texts, in bytes: the measured growth of the heap, rounded
 * up. test/limits/kinds.test.ts checks these numbers by measuring.
 */
export const COST = {
  value: 250,
  name: 1_000,
  /** A dictionary that is not empty, and each of its entries. */
  dictionary: 160,
  entry: 100,
  reference: 250,
  barrierMember: 200,
  job: 140_000,
  /** A rank with its worker, or a sentinel. */
  agent: 2_500,
  batch: 900,
  session: 3_000,
  /** A lease, besides its value. */
  lease: 2_000,
  /** A range of ranks. */
  range: 40,
} as const;

export function memoryOfMetadata(metadata: Metadata): number {
  if (metadata.size === 0) return 0;
  let bytes = COST.dictionary;
  for (const [name, text] of metadata) bytes += COST.entry + name.length + text.length;
  return bytes;
}

/** The memory held for one client or in one workspace. Each may have a quota. */
export class Account {
  bytes = 0;
  /** The quota. */
  readonly limit: number;
  readonly #name: 'clientMemoryBytes' | 'workspaceMemoryBytes';

  constructor(name: Account['name'], limit: number) {
    this.#name = name;
    this.limit = limit;
  }

  /** The setting that determines the quota. */
  get name(): 'clientMemoryBytes' | 'workspaceMemoryBytes' {
    return this.#name;
  }

  refusal(bytes: number): Refusal | undefined {
    if (this.bytes + bytes <= this.limit) return undefined;
    const kind = this.#name === 'clientMemoryBytes' ? LIMIT.clientMemory : LIMIT.workspaceMemory;
    return refusal(kind(this.bytes, this.limit), { limit: this.#name });
  }
}

/** The accounts that memory is charged to. A client that has disconnected is still charged for what it stored. */
export interface Holders {
  readonly client?: Account | undefined;
  readonly workspace?: Account | undefined;
}

/** Accounts for all memory that the server holds for clients (P12). */
export class MemoryBudget {
  bytes = 0;
  readonly byKind = noMemory();
  readonly #limits: Limits;
  readonly #incoming: () => number;

  /** @param incoming bytes of incomplete requests, and of others in the process, which count as well */
  constructor(limits: Limits, incoming: () => number) {
    this.#limits = limits;
    this.#incoming = incoming;
  }

  newClient(): Account {
    return new Account('clientMemoryBytes', this.#limits.clientMemoryBytes);
  }
  /** @param quota a smaller quota that the creator of the workspace chose */
  newWorkspace(quota = Number.POSITIVE_INFINITY): Account {
    return new Account('workspaceMemoryBytes', Math.min(quota, this.#limits.workspaceMemoryBytes));
  }

  /** @returns why there is no memory for that many more bytes; the smallest limit is checked first (P12) */
  refusal(bytes: number, { client, workspace }: Holders): Refusal | undefined {
    const { memoryBytes } = this.#limits;
    const refused = client?.refusal(bytes) ?? workspace?.refusal(bytes);
    const held = this.bytes + this.#incoming();
    if (refused !== undefined || held + bytes <= memoryBytes) return refused;
    return refusal(LIMIT.memory(held, memoryBytes), { limit: 'memoryBytes' });
  }

  take(kind: Kind, bytes: number, { client, workspace }: Holders): void {
    this.bytes += bytes;
    this.byKind[kind] += bytes;
    if (client !== undefined) client.bytes += bytes;
    if (workspace !== undefined) workspace.bytes += bytes;
  }

  give(kind: Kind, bytes: number, holders: Holders): void {
    this.take(kind, -bytes, holders);
  }
}
