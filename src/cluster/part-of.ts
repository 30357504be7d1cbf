import { partitionOf } from '../wire/partition-of.ts';
import type { Part } from '../workspace/part.ts';

/** What the core of a partition must know of it (D17). */
export const partOf = (partition: number, partitions: number): Part => ({
  number: partition,
  of: partitions,
  owns: (workspace) => partitionOf(workspace, partitions) === partition,
});
