import type { Account } from './memory-budget.ts';
import { sizeOf, type Metadata, type Payload } from '../wire/payload.ts';

/** A stored value (V3): its bytes, its descriptor, and its metadata. */
export interface Value {
  readonly descriptor: number;
  readonly payload: Payload;
  readonly metadata: Metadata;
  /** The account that its memory is charged to (P12). */
  readonly owner?: Account | undefined;
}

/** The value as a Latin-1 string. A value that is too long for a number or a name is replaced by its size. */
export const textOf = ({ payload }: Value): string =>
  typeof payload === 'string' ? payload : `(${sizeOf(payload)} bytes)`;
