import type { Account } from './memory-budget.ts';
import { sizeOf, type Metadata, type Payload } from '../wire/payload.ts';

/** What is stored (V3): the bytes, how to read them, and what its maker says of them. */
export interface Value {
  readonly descriptor: number;
  readonly payload: Payload;
  readonly metadata: Metadata;
  /** To whom it is accounted, in memory (P12). */
  readonly owner?: Account | undefined;
}

/** The value as a Latin-1 string; one too long for that is no number and no name, and only its size is told. */
export const textOf = ({ payload }: Value): string =>
  typeof payload === 'string' ? payload : `(${sizeOf(payload)} bytes)`;
