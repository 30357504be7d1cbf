import { VARIABLE } from '../wire/names.ts';
import { COST } from '../workspace/memory-budget.ts';
import type { Value } from '../workspace/value.ts';
import { memoryOfBatches } from './batch-ref.ts';
import { memoryOfPlaces } from './null-reserve.ts';

/** The workers of a job, and those that have registered. */
interface Group {
  readonly crew: { readonly size: number };
  readonly joining: { readonly context: { readonly registered: number } };
}

/**
 * The memory that a store into that variable of a job needs beside its value, in bytes: it may create batches, and each
 * copy of a broadcast may need a null result (P12).
 */
export function memoryOfStore({ crew, joining }: Group, name: string, { metadata }: Value): number {
  if (name !== VARIABLE.task && name !== VARIABLE.broadcast) return 0;
  if (name === VARIABLE.task) return memoryOfBatches(metadata);
  const copies = memoryOfPlaces(metadata, joining.context.registered + 1);
  return copies + COST.value + COST.range * (crew.size + 1);
}
