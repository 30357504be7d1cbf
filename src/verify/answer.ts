import type { Metadata } from '../wire/payload.ts';

/** A reply (P6, P7), as far as the machines determine it. */
export interface Answer {
  readonly status: string;
  /** `nwsReason` (P8). */
  readonly reason: string;
  readonly value: string;
  readonly metadata: Metadata;
  /**
   * The id of the variable and the number of the value, as an iterated get receives them (V10); empty in a short reply.
   */
  readonly cookie: readonly string[];
}
