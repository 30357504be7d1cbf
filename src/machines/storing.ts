import type { Client } from '../workspace/ask.ts';
import type { Refusal } from '../workspace/refusal.ts';
import type { Value } from '../workspace/value.ts';

/** A store that a chart decides on: it is accepted unless somebody refuses it. */
export class Storing {
  readonly value: Value;
  readonly client: Client;
  refusal: Refusal | undefined;

  constructor(value: Value, client: Client) {
    this.value = value;
    this.client = client;
  }

  refuse(refusal: Refusal): void {
    this.refusal ??= refusal;
  }
}
