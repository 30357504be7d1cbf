import type { Metadata } from '../wire/payload.ts';
import type { Client } from '../workspace/pending-get.ts';
import type { StoreOutcome } from '../workspace/receipt.ts';
import type { Refusal } from '../workspace/refusal.ts';
import type { Value } from '../workspace/value.ts';

/** A store that a machine decides on: it is accepted unless it is refused. */
export class PendingStore {
  readonly value: Value;
  readonly client: Client;
  refusal: Refusal | undefined;
  #metadata: Metadata | undefined;

  constructor(value: Value, client: Client) {
    this.value = value;
    this.client = client;
  }

  refuse(refusal: Refusal): void {
    this.refusal ??= refusal;
  }

  /** Adds fields to the metadata of its reply. */
  addToReply(name: string, text: string): void {
    this.#metadata = new Map(this.#metadata).set(name, text);
  }

  get outcome(): StoreOutcome {
    return this.refusal ?? (this.#metadata && { metadata: this.#metadata });
  }
}
