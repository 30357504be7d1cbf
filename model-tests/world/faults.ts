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

/** What others do besides that is not needed to see a violation, by seed. */
export const PARTS = [
  'first job',
  'second job',
  'third job',
  'fourth job',
  'producers',
  'consumers',
  'walkers',
  'loggers',
  'rude peers',
  'couriers',
  'first batch',
  'second batch',
  'third batch',
  'fourth batch',
  'later elements',
  'more launches',
  'broadcasts',
  'pipeliners',
  'streamer',
] as const;
export type Part = (typeof PARTS)[number];

/** What a seed is played without. */
export type Without = ReadonlySet<Fault | Part>;
export const ALL_PARTS: readonly (Fault | Part)[] = [...PARTS, ...FAULTS];

export class Faults {
  readonly counts = new Map<Fault, number>();
  /** Ends the faults, so that everything can settle. */
  over = false;
  readonly #without: Without;

  constructor(without: Without = new Set()) {
    this.#without = without;
  }

  /** Whether there are faults of this kind now. */
  may(fault: Fault): boolean {
    return !this.over && !this.#without.has(fault);
  }

  /** Whether these take part. A server crashes in a calm seed, too. */
  has(part: Part | 'server crashes'): boolean {
    return !this.#without.has(part);
  }

  note(fault: Fault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }
}
