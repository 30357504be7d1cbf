import type { Metadata } from '../wire/payload.ts';
import type { Refusal } from './refusal.ts';

/** The reply metadata of an accepted store. */
export interface Receipt {
  readonly metadata: Metadata;
}

/** The result of a store: a refusal, or acceptance with or without metadata. */
export type StoreOutcome = Refusal | Receipt | undefined;
