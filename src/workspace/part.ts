/** The part of the data of a service that one core has: everything, or one of several partitions (D17). */
export interface Part {
  /** Its number, from 0. */
  readonly number: number;
  /** How many there are. */
  readonly of: number;
  /** Whether a workspace of that name is in this part. */
  readonly owns: (workspace: string) => boolean;
}

export const EVERYTHING: Part = { number: 0, of: 1, owns: () => true };

/**
 * @param beginning of a name that belongs to the part (W8, D17)
 * @param isUsed whether a workspace has that name
 */
export function unusedName(beginning: string, { owns }: Part, isUsed: (name: string) => boolean): string {
  let unused = beginning;
  while (isUsed(unused)) unused += '_';
  let name = unused;
  for (let number = 0; !owns(name) || isUsed(name); number++) name = `${unused}_${number}`;
  return name;
}
