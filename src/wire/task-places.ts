import { KEY } from './names.ts';
import type { Metadata } from './payload.ts';

/** An element of a batch. */
export interface ElementId {
  readonly batch: string;
  /** Its index in the batch. */
  readonly index: number;
}

/**
 * @returns a function from the place in a task to the element, because a chunk may have elements of several batches
 */
export function elementOfPlace(metadata: Metadata): (place: number) => ElementId {
  const batches = metadata.get(KEY.batchId) ?? '';
  const indexes = (metadata.get(KEY.index) ?? '').split(',').map(Number);
  const shares = metadata.get(KEY.shares);
  const [first = 0] = indexes;
  if (shares === undefined) return (place) => ({ batch: batches, index: first + place });
  const counts = shares.split(',').map(Number);
  const elements = batches
    .split(',')
    .flatMap((batch, i) =>
      Array.from({ length: counts[i] ?? 0 }, (_, at) => ({ batch, index: (indexes[i] ?? 0) + at })),
    );
  return (place) => elements[place] ?? { batch: '', index: place };
}
