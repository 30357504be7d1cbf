import type { Metadata } from '../wire/payload.ts';
import type { Refusal } from './refusal.ts';

/** What an accepted store has to tell its client beside that: the metadata of the reply. */
export interface Receipt {
  readonly metadata: Metadata;
}

/** What becomes of a store: it is refused, or accepted, with or without more to say. */
export type StoreOutcome = Refusal | Receipt | undefined;
