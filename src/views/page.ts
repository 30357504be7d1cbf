/** A part of a longer list. */
export interface Page<T> {
  readonly total: number;
  readonly from: number;
  readonly items: readonly T[];
}
