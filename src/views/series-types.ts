/** Metrics over time, one column each: `columns[0]` contains the times. */
export interface Series {
  readonly names: readonly string[];
  readonly columns: readonly (readonly number[])[];
}
