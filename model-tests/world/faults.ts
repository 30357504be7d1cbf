/** The kinds of faults, and their number. */
export const FAULTS = [
  'reset at a byte',
  'reset at a time',
  'silent peer',
  'slow reader',
  'late timer',
  'twin connection',
  'file not written',
  'file not opened',
  'file not read',
  'name not removed',
  'disk full',
  'garbage',
  'peer that says nothing',
  'false report of death',
  'refused report',
  'worker crashes',
  'worker replaced',
  'report that is late',
  'master gone',
  'task skipped',
  'worker comes back',
  'process sleeps',
  'server crashes',
  'worker killed',
  'worker starts slowly',
  'worker dies at its start',
  'worker does not end',
  'worker busy',
  'worker told to go',
  'sentinel killed',
  'sentinel connection cut',
  'sentinel drained',
  'master killed',
  'master connection cut',
  'connection cut',
  'connection vanished',
  'network down',
] as const;
export type Fault = (typeof FAULTS)[number];

export class Faults {
  readonly counts = new Map<Fault, number>();
  /** Ends the faults, so that everything can settle. */
  over = false;

  note(fault: Fault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }
}
