/** What is done to the system, and how often it was. */
export const FAULTS = [
  'reset at a byte',
  'reset at a time',
  'silent peer',
  'slow reader',
  'late timer',
  'twin connection',
  'file not written',
  'garbage',
  'peer that says nothing',
  'false report of death',
  'master gone',
  'task skipped',
  'worker comes back',
  'process sleeps',
] as const;
export type Fault = (typeof FAULTS)[number];

export class Faults {
  readonly counts = new Map<Fault, number>();
  /** No more of them, so that all can settle. */
  over = false;

  note(fault: Fault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }
}
