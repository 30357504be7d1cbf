const OF_AGENT =
  'The step of the machine that does this records the same worker or sentinel in the same event (`AgentRecords.ofWorker`).';
const OF_JOB =
  'The supervisor, the join phase or the shutdown takes a step in the same event, which records the job (`Sleigh.changed`).';

/** Mutants that no test can notice, because they make no difference that anybody could see: each with the reason. */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map([
  [
    'src/wire/dictionary.ts: boundary changed [>]: const cut = text.length > BOUNDS.metadataTextBytes.value ? text.slice(0, BOUNDS.metadataT…',
    'A text of exactly `metadataTextBytes` characters is cut to itself.',
  ],
  [
    'src/sleigh/crew.ts: number changed [0]: #changes = 0;',
    'The numbers of changes are only compared with each other.',
  ],
  [
    'src/sleigh/job-machines.ts: condition negated [isTraced]: const jobMachines = ({ isTraced }: { readonly isTraced: boolean }): JobMachines => isTrac…',
    'Each branch makes machines for the value of isTraced that it is called with. Only the name of the variable that keeps them differs.',
  ],
  ['src/sleigh/crew.ts: not recorded: this.changed(sentinel);', OF_AGENT],
  ['src/sleigh/crew.ts: not recorded: this.records.sentinelChanged(agent.id);', OF_AGENT],
  ['src/sleigh/heartbeats.ts: not recorded: this.#job.crew.changed(sentinel);', OF_AGENT],
  ['src/sleigh/work.ts: not recorded: this.#job.crew.changed(worker);', OF_AGENT],
  ['src/sleigh/work.ts: not recorded: this.#job.crew.changed(worker); (2)', OF_AGENT],
  ['src/sleigh/work.ts: not recorded: this.#job.crew.changed(worker); (3)', OF_AGENT],
  ['src/sleigh/worker-binding.ts: not recorded: crew.changed(worker);', OF_AGENT],
  ['src/sleigh/worker-binding.ts: not recorded: job.crew.changed(worker);', OF_AGENT],
  ['src/sleigh/recovery.ts: not recorded: this.#sleigh.crew.changed(worker);', OF_AGENT],
  ['src/sleigh/crew.ts: not recorded: this.#job.changed();', OF_JOB],
  ['src/sleigh/crew.ts: not recorded: this.#job.changed(); (2)', OF_JOB],
  ['src/sleigh/registrations.ts: not recorded: this.#job.changed();', OF_JOB],
  ['src/sleigh/tasks.ts: not recorded: this.#changed();', OF_JOB],
  [
    'src/sleigh/intake.ts: not recorded [this.#job.changed()]: const changed = changes.isRecorded ? () => this.#job.changed() : undefined;',
    OF_JOB,
  ],
  ['src/sleigh/heartbeats.ts: not recorded: crew.changed(sentinel);', OF_AGENT],
  ['src/sleigh/registrations.ts: not recorded: crew.changed(worker);', OF_AGENT],
  [
    'src/transport/adopt.ts: boundary changed [>]: if (length > COMMON) return shared.subarray(0, length);',
    'A view of exactly `COMMON` bytes has the same bytes, whether it is made once or each time.',
  ],
  [
    'src/transport/job-plugins.ts: boundary changed [>]: if (this.#controls.size > MAX_CONTROLS) this.#controls.clear();',
    'A control has nothing of its own: one that is made anew for a job does the same as the one before.',
  ],
  [
    'src/transport/job-plugins.ts: arithmetic swapped [++]: const operation = ++this.#operations;',
    'The numbers of operations are only compared with each other.',
  ],
  [
    "src/transport/errors.ts: number changed [1_000]: diskLimit: errorKind( 'disk-limit', (bytes: number, most: number) => `large values take $…",
    'An example in docs/reference/errors.md, which no program reads.',
  ],
  [
    'src/client/task/random.ts: argument dropped [0]: let [a, b, c, count] = [ digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE…',
    'The default of `readInt32LE` is 0.',
  ],
]);
