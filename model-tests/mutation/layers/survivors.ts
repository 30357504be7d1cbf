const OF_AGENT =
  'The step of the machine that does this records the same worker or sentinel in the same event (`AgentRecords.ofWorker`).';
const OF_JOB =
  'The supervisor, the join phase or the shutdown takes a step in the same event, which records the job (`Sleigh.changed`).';

const OF_COLUMN =
  'The columns have an entry for each number below `next`. The default is there for the compiler.';

const OF_STORED_KEY = 'Each key has a kind, so it has a number. The default is there for the compiler.';

const OF_DISTANCES =
  'Each row has a number for each letter and one more. The default is there for the compiler.';

const OF_STATS = 'LMDB always reports both numbers. The default is there for the compiler.';

const EACH_KEY = 'Each key of this kind has this number. The default is there for the compiler.';

const OF_ATTEMPTS =
  'A withdrawn element has withdrawn its next attempt already (`TaskGroup.withdraw`). Otherwise none waits, so this only frees memory.';

const OF_SETTLED =
  'What the machine does in its other states begins with a value that is left at the server, and a settled call leaves none.';

const OF_PART = 'Each task has a part. The default is there for the compiler.';

const OF_NO_ATTEMPT = 'Without another attempt nothing waits.';

const OF_PAUSES = 'Where a long report pauses is free, as long as it does (P14).';

const OF_COMMA = '`join` separates with commas by default.';

/** Mutants that no test can notice, because they make no difference that anybody could see: each with the reason. */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map([
  ['src/sleigh/reports.ts: number changed [64]: const AT_ONCE = 64;', OF_PAUSES],
  ['src/sleigh/reports.ts: number changed [0]: let count = 0;', OF_PAUSES],
  ['src/sleigh/reports.ts: number changed [0]: let count = 0; (2)', OF_PAUSES],
  ['src/sleigh/reports.ts: arithmetic swapped [++]: if (++count % AT_ONCE === 0) yield;', OF_PAUSES],
  ['src/sleigh/reports.ts: arithmetic swapped [++]: if (++count % AT_ONCE === 0) yield; (2)', OF_PAUSES],
  ['src/sleigh/reports.ts: arithmetic swapped [++]: if (++count % AT_ONCE === 0) yield; (3)', OF_PAUSES],
  ['src/sleigh/reports.ts: number changed [0]: if (++count % AT_ONCE === 0) yield;', OF_PAUSES],
  ['src/sleigh/reports.ts: number changed [0]: if (++count % AT_ONCE === 0) yield; (2)', OF_PAUSES],
  ['src/sleigh/reports.ts: number changed [0]: if (++count % AT_ONCE === 0) yield; (3)', OF_PAUSES],
  [
    'src/sleigh/reports.ts: boundary changed [<]: const isEarlier = (a: { since: number }, b: { since: number }): boolean => a.since < b.si…',
    'Each change of an agent has a number of its own (`Crew.changed`).',
  ],
  [
    'src/sleigh/task.ts: number changed [64]: const TRIMMED_AT_ONCE = 64;',
    'Where the trimming pauses is free, as long as it does (P14).',
  ],
  [
    'src/sleigh/timeline.ts: argument dropped [, 10]: this.#indexes[at] = index === undefined ? NO_INDEX : Number.parseInt(index, 10);',
    'Indexes are decimal digits, which are read with the base 10 by default.',
  ],
  [
    'src/wire/dictionary.ts: boundary changed [>]: const cut = text.length > BOUNDS.metadataTextBytes.value ? text.slice(0, BOUNDS.metadataT…',
    'A text of exactly `metadataTextBytes` characters is cut to itself.',
  ],
  [
    'src/wire/buffer-builder.ts: number changed [0]: #size = 0;',
    '`begin` sets the size before the first piece comes.',
  ],
  [
    'src/wire/buffer-builder.ts: number changed [0]: #left = 0;',
    'Nothing is read from it before there is a block.',
  ],
  [
    'src/wire/numbers.ts: number changed [2]: const NOT_A_NUMBER = -2;',
    'It is compared by its name, and no number that is read is below 0.',
  ],
  [
    'src/wire/numbers.ts: number changed [4096]: const CACHED = 4096;',
    'The texts are the same without the cache.',
  ],
  [
    "src/wire/numbers.ts: boundary changed [>=]: if (n >= CACHED) return String(n).padStart(width, '0');",
    'The texts are the same without the cache.',
  ],
  ['src/wire/request.ts: number changed [0]: #count = 0;', 'It is set before it is read.'],
  [
    'src/core/core.ts: number changed [0]: #variables = 0;',
    'The numbers in the ids of variables are only compared with each other.',
  ],
  [
    'src/core/core.ts: number changed [0]: #now = 0;',
    '`handle`, `restore` and `recover` set it, and nothing reads the clock before.',
  ],
  [
    'src/core/core-timers.ts: number changed [0]: #started = 0;',
    'The numbers of timers are only compared with each other.',
  ],
  [
    'src/core/core-timers.ts: arithmetic swapped [++]: const timer = ++this.#started;',
    'The numbers of timers are only compared with each other.',
  ],
  ['src/core/leases.ts: number changed [0]: const [kind, lease = 0] = entity.key;', EACH_KEY],
  [
    'src/core/recovery.ts: boolean flipped [false]: #isInSession = false;',
    'It is read for the values of variables and of leases. A lease comes after its workspace, whose entity has set it to false.',
  ],
  [
    'src/core/metrics.ts: number changed [0]: this.counts[at] = (this.counts[at] ?? 0) + 1;',
    'There is a count for each bucket. The default is there for the compiler.',
  ],
  [
    'src/core/outgoing.ts: boolean flipped [false]: metadata: false',
    'The handshake sets the format before the first reply. What is sent during it is no reply.',
  ],
  [
    'src/core/outgoing.ts: boolean flipped [true]: cookie: true',
    'The handshake sets the format before the first reply. What is sent during it is no reply.',
  ],
  ['src/wire/request.ts: number changed [0]: #index = 0;', 'It is set before it is read.'],
  [
    'src/wire/dictionary.ts: number changed [0]: size = 0;',
    'It is read after the first dictionary has set it.',
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
    'src/transport/peer.ts: number changed [0]: #written = 0;',
    'The number of bytes that the client has taken is only compared with itself.',
  ],
  [
    'src/transport/recent-log.ts: argument dropped [0]: await this.#handle.truncate(0);',
    'The default of `truncate` is 0.',
  ],
  [
    'src/transport/recent-log.ts: number changed [0]: await this.#handle.truncate(0);',
    'The record that follows at once is written over the byte that is left, and one byte is no record.',
  ],
  [
    'src/transport/recent-log.ts: number changed [0]: let from = 0',
    'The first byte of a record is 0, because its number is below 2 ** 53. What is left out at the end of a file is read as 0.',
  ],
  [
    'src/transport/recent-log.ts: argument dropped [, HEADER.number]: record.writeBigUInt64BE(BigInt(number), HEADER.number);',
    'The default of `writeBigUInt64BE` is 0, which `HEADER.number` is.',
  ],
  [
    'src/transport/recent-log.ts: argument dropped [HEADER.number]: number: Number(record.readBigUInt64BE(HEADER.number))',
    'The default of `readBigUInt64BE` is 0, which `HEADER.number` is.',
  ],
  [
    'src/transport/recent-log.ts: boundary changed [<=]: for (let at = 0; at + HEADER.bytes <= bytes.length;) { const end = at + HEADER.bytes + by…',
    'A list of changes takes at least one byte, so no record ends with its header.',
  ],
  [
    'src/client/task/random.ts: argument dropped [0]: let [a, b, c, count] = [ digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE…',
    'The default of `readInt32LE` is 0.',
  ],
  [
    'src/client/worker/task-runner.ts: number changed [0]: this.#options.memory.dropFixedArgs(Number(metadata.get(KEY.fixedArgsFrom) ?? 0));',
    'The numbers of fixed arguments begin with 1 (S11), so none is below either number.',
  ],
  [
    'src/client/master/batch.ts: argument dropped [, Number.MIN_VALUE]: const millisecondsLeft = total === undefined ? undefined : (1_000 * (total - this.#done))…',
    'A number over 0 divided by `MIN_VALUE` is Infinity, as by 0. 0 is not divided by 0: when all elements are done, one was done since the oldest measurement, because a batch whose elements are all done calls none again.',
  ],
  [
    'src/client/master/call-value.ts: statement removed [this.#takers = [];]: this.#takers = [];',
    'The promises of these calls are resolved already, and the value comes once.',
  ],
  [
    'src/client/connection/channel.ts: boolean flipped [false]: return false; (3)',
    'The connection is lost by then, and its queues of requests are empty, so nothing is taken from them.',
  ],
  [
    'src/client/connection/outgoing.ts: number changed [0]: const headFor = (names: readonly string[], size: number, metadata: Metadata): string => e… (2)',
    'Only the length of this text counts. It has 20 digits for each number.',
  ],
  [
    'src/client/connection/owner-search.ts: number changed [0]: const now = this.#channel?.clock.now() ?? 0;',
    'An owner is looked for only over a connection. The default is there for the compiler.',
  ],
  [
    'src/client/options/checked-options.ts: arithmetic swapped [+]: length: b.length + 1',
    'This makes distances wrong only where they are at least the number of letters of the name, less one. Names are near up to two letters less.',
  ],
  [
    'src/client/options/checked-options.ts: number changed [1]: length: b.length + 1',
    'The number that is too many is read only for a name without letters, and no option is near to that.',
  ],
  [
    'src/client/options/checked-options.ts: number changed [0]: next.push( Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter ==…',
    OF_DISTANCES,
  ],
  [
    'src/client/options/checked-options.ts: number changed [0]: next.push( Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter ==… (2)',
    OF_DISTANCES,
  ],
  [
    'src/client/options/checked-options.ts: number changed [0]: next.push( Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter ==… (3)',
    OF_DISTANCES,
  ],
  ['src/client/options/checked-options.ts: number changed [0]: return row.at(-1) ?? 0;', OF_DISTANCES],
  [
    'src/client/values/graph-writer.ts: number changed [1]: parent: -1',
    'It stands for no object, and there is none with a number below 0.',
  ],
  [
    "src/client/values/graph-writer.ts: boundary changed [>]: return value > 0 ? 'Infinity' : '-Infinity';",
    'Only the two infinities come so far.',
  ],
  [
    "src/client/values/graph-writer.ts: number changed [0]: return value > 0 ? 'Infinity' : '-Infinity';",
    'Only the two infinities come so far.',
  ],
  [
    'src/client/values/unsendable.ts: number changed [1]: depth: -1',
    '`inspect` shows nothing of the content at each depth below 0.',
  ],
  [
    'src/client/workspace/variable.ts: number changed [0]: size: size ?? 0',
    'There is a spool file if `size` is undefined, so the default is never used.',
  ],
  [
    'src/client/master/broadcast-results.ts: number changed [0]: this.#uncalled += this.#isComplete ? 0 : 1;',
    '`#uncalled` is only read until the broadcast is complete.',
  ],
  [
    'src/client/worker/task-runner.ts: default dropped [metadata.get(KEY.budget) ?? Infinity]: const end = this.#clock.now() + Number(metadata.get(KEY.budget) ?? Infinity);',
    'Without it the end is NaN. No time is after that, nor after Infinity.',
  ],
  [
    'src/core/session.ts: boundary changed [>=]: const isSessionId = (id: number): boolean => id >= FIRST_ID;',
    'The numbers of sessions begin with 1, so no session has this id.',
  ],
  [
    'src/core/last-request.ts: boundary changed [<=]: const short = (name: string | undefined): string | undefined => name === undefined || nam…',
    'A name of exactly `MAX_NOTED` characters is cut to itself.',
  ],
  ['src/core/last-request.ts: number changed [0]: at = 0;', 'It is set before it is read.'],
  ['src/core/sessions.ts: number changed [0]: const [kind, number = 0] = entity.key;', EACH_KEY],
  ['src/core/kept-replies.ts: number changed [0]: const [, , number = 0] = entity.key;', EACH_KEY],
  [
    "src/core/pace.ts: statement removed [this.#waitsFor = 'steps';]: this.#waitsFor = 'steps';",
    'Nobody asks while the steps begin. After that they are done, or `#pause` says the same.',
  ],
  [
    "src/sleigh/job-loader.ts: number changed [0]: this.#each('task', (entity) => this.#values.set(entity.key[2] ?? 0, valueIn(RecordReader.…",
    EACH_KEY,
  ],
  [
    'src/sleigh/job-loader.ts: number changed [0]: attributed(entity.key, () => this.#job.work.batches.restoreTotals(entity.key[2] ?? 0, rec…',
    EACH_KEY,
  ],
  ['src/sleigh/job-loader.ts: number changed [0]: const [, , number = 0] = entity.key;', EACH_KEY],
  ['src/sleigh/job-loader.ts: number changed [0]: const [, , id = 0] = entity.key;', EACH_KEY],
  ['src/sleigh/job-loader.ts: number changed [0]: const [, , rank = 0] = entity.key;', EACH_KEY],
  ['src/sleigh/job-loader.ts: number changed [0]: const [, , id = 0] = entity.key; (2)', EACH_KEY],
  ['src/sleigh/job-loader.ts: number changed [0]: const [, , inbox = 0, number = 0] = entity.key;', EACH_KEY],
  [
    'src/sleigh/job-loader.ts: number changed [0]: const [, , inbox = 0, number = 0] = entity.key; (2)',
    EACH_KEY,
  ],
  [
    'src/sleigh/absences.ts: boundary changed [<]: if (worker.rank < ends.length) ends[worker.rank] = isAnsweredFor(sleigh, worker) ? answer…',
    'Indices of a typed array below its length always have a value, and what is written beyond it is lost.',
  ],
  [
    'src/sleigh/absences.ts: boundary changed [<]: if (at < endsAt.length) endsAt[at] = (endsAt[at] ?? 0) + 1;',
    'Indices of a typed array below its length always have a value, and what is written beyond it is lost.',
  ],
  [
    'src/sleigh/absences.ts: number changed [0]: endsAt[at] = (endsAt[at] ?? 0) + 1;',
    'Indices of a typed array below its length always have a value, and what is written beyond it is lost.',
  ],
  [
    'src/sleigh/absences.ts: number changed [0]: ended += endsAt[at] ?? 0;',
    'Indices of a typed array below its length always have a value, and what is written beyond it is lost.',
  ],
  [
    'src/sleigh/ranks.ts: number changed [0]: if ((this.#ends[rank] ?? 0) <= this.#broadcast) return rank;',
    'Indices of a typed array below its length always have a value, and what is written beyond it is lost.',
  ],
  [
    'src/sleigh/ranks.ts: boundary changed [>=]: if (rank >= limit) break;',
    'A present rank that is the limit ends the last range there, as the limit does.',
  ],
  [
    'src/sleigh/ranks.ts: number changed [0]: if ((this.#ranges[middle]?.to ?? 0) <= from) low = middle + 1; else high = middle;',
    'The index is below the number of ranges, so the default is never used.',
  ],
  [
    'src/sleigh/agents.ts: number changed [0]: nextBroadcast: 0',
    'Its registration sets it, and nothing reads it before.',
  ],
  [
    'src/sleigh/agents.ts: number changed [0]: nextLasting: 0',
    'Its registration sets it, and nothing reads it before.',
  ],
  [
    'src/sleigh/agents.ts: number changed [0]: lastingBefore: 0',
    'Its registration sets it, and nothing reads it before.',
  ],
  [
    'src/sleigh/agents.ts: number changed [0]: registeredAt: 0',
    'Its registration sets it, and nothing reads it before.',
  ],
  [
    'src/sleigh/agents.ts: number changed [0]: busySince: 0',
    'It is set when the worker is given a task, and is only read while it has one.',
  ],
  [
    'src/sleigh/crew.ts: number changed [1]: tasks: worker.task?.isSettled === false ? 1 : 0',
    'The machine of the worker only asks whether the number is 0.',
  ],
  [
    'src/sleigh/crew.ts: statement removed [this.records.sentinelChanged(agent.id);]: this.records.sentinelChanged(agent.id);',
    OF_AGENT,
  ],
  ['src/sleigh/crew.ts: statement removed [this.#job.changed();]: this.#job.changed();', OF_JOB],
  ['src/sleigh/crew.ts: statement removed [this.#job.changed();]: this.#job.changed(); (2)', OF_JOB],
  ['src/sleigh/registrations.ts: statement removed [this.#job.changed();]: this.#job.changed();', OF_JOB],
  ['src/sleigh/job-changes.ts: number changed [0]: number: 0', 'Nothing is recorded under it.'],
  [
    "src/sleigh/job-operations.ts: number changed [0]: const PLUGIN = formerClient(0, 'plugin');",
    'Nothing is sent to this client, and nothing asks for its id.',
  ],
  [
    "src/sleigh/registrations.ts: number changed [0]: const NOBODY = formerClient(0, '');",
    'Nothing is sent to this client, and nothing asks for its id.',
  ],
  [
    'src/sleigh/registrations.ts: number changed [0]: accepted = 0;',
    'The number is only compared with itself.',
  ],
  ['src/sleigh/joining.ts: number changed [0]: #waits = 0;', 'The numbers only have to be different.'],
  [
    'src/sleigh/joining.ts: arithmetic swapped [++]: const timer = `waitForWorkers ${++this.#waits}`;',
    'The numbers only have to be different.',
  ],
  [
    'src/sleigh/sleigh.ts: statement removed [this.#loaded = [];]: this.#loaded = [];',
    'A job is restored once, so the entities are not read again.',
  ],
  [
    'src/workspace/steps.ts: arithmetic swapped [++]: if (++n % AT_ONCE === 0) yield;',
    'A count that goes down from 0 comes to a multiple of `AT_ONCE` as often as one that goes up.',
  ],
  [
    'src/workspace/steps.ts: arithmetic swapped [++]: if (++compared % AT_ONCE === 0) yield;',
    'A count that goes down from 0 comes to a multiple of `AT_ONCE` as often as one that goes up.',
  ],
  [
    'src/workspace/steps.ts: boundary changed [<]: for (let begin = 0; begin < sorted.length; begin += 2 * width) { const end = begin + 2 * …',
    'No item is at the end of the list or after it, so the merging that begins there ends at once.',
  ],
  [
    'src/workspace/template.ts: default dropped [precision ?? 0]: if (Number(width) > widest || Number(precision ?? 0) > widest) bad = true;',
    '`Number(undefined)` is NaN, which is over no width, like 0.',
  ],
  [
    'src/workspace/template.ts: number changed [0]: if (Number(width) > widest || Number(precision ?? 0) > widest) bad = true;',
    '1 is over no width but 0, and no number without a precision is as short as that.',
  ],
  [
    "src/workspace/template.ts: default dropped [precision ?? 1]: const digits = (conversion === 'X' ? raw.toUpperCase() : raw).padStart(Number(precision ?…",
    '`padStart` takes NaN as 0, and every number has a digit.',
  ],
  [
    'src/workspace/listing.ts: boundary changed [<]: const isBefore = (a: { name: string }, b: { name: string }): boolean => a.name < b.name;',
    'No two workspaces of a server, and no two variables of a workspace, have the same name.',
  ],
  [
    'src/workspace/waiters.ts: boundary changed [>]: if (this.finders.length > 0) this.#inSteps(this.#answer(this.finders.takeAll(), found));',
    'Without finds nothing is answered, and a file that is lent is taken back at once.',
  ],
  [
    'src/workspace/fifo.ts: number changed [1]: const at = this.#placeAfter(get.iterator?.index ?? -1);',
    'The numbers of values begin with 0, so the first value after -2 is the first after -1.',
  ],
  [
    'src/workspace/single.ts: number changed [1]: const isNew = (get.iterator?.index ?? -1) < this.#newest;',
    'The numbers of values begin with 0, so while there is a value, -2 and -1 are both before it.',
  ],
  [
    'src/workspace/workspace.ts: number changed [0]: if (bytes === 0) return;',
    'Nothing that is charged takes one byte: a label has the address of its client, and metadata and jobs have their costs. To charge 0 bytes changes no count.',
  ],
  [
    'src/sleigh/timeline.ts: boundary changed [<]: if (this.#next === this.#began.length && this.#next < MAX_TASKS) this.#grow();',
    'When that many tasks are kept, the arrays grow to the size that they have.',
  ],
  [
    'src/sleigh/timeline.ts: number changed [2]: const size = Math.min(2 * this.#began.length, MAX_TASKS);',
    'The arrays grow in larger steps, to the same largest size.',
  ],
  ['src/sleigh/timeline.ts: number changed [0]: rank: this.#ranks[at] ?? 0', OF_COLUMN],
  ['src/sleigh/timeline.ts: number changed [0]: began: this.#began[at] ?? 0', OF_COLUMN],
  ['src/sleigh/timeline.ts: number changed [0]: ended: this.#ended[at] ?? 0', OF_COLUMN],
  ["src/sleigh/timeline.ts: number changed [0]: end: ENDS[this.#ends[at] ?? 0] ?? 'done'", OF_COLUMN],
  [
    'src/sleigh/batch.ts: arithmetic swapped [+]: return this.results.length + this.waiting.length === 0;',
    'A get waits only while there is no result, so one of both numbers is 0.',
  ],
  ['src/transport/lmdb-store.ts: number changed [1]: const kind = KIND_OF.get(code ?? -1);', OF_STORED_KEY],
  [
    'src/transport/lmdb-store.ts: number changed [0]: const after = (key: number[]): number[] => [...key.slice(0, -1), (key.at(-1) ?? 0) + 1]; (2)',
    OF_STORED_KEY,
  ],
  [
    'src/transport/lmdb-store.ts: number changed [0]: return (stats.pageSize ?? 0) * ((stats.lastPageNumber ?? 0) + 1);',
    OF_STATS,
  ],
  [
    'src/transport/lmdb-store.ts: number changed [0]: return (stats.pageSize ?? 0) * ((stats.lastPageNumber ?? 0) + 1); (2)',
    OF_STATS,
  ],
  [
    'src/transport/lmdb-store.ts: boundary changed [>]: if (recent.length > 0) await this.#write(condensed(recent.flatMap(({ changes }) => change…',
    'Without recent commits there are no changes, and the number that was read is written again.',
  ],
  [
    'src/transport/stopping.ts: boundary changed [<]: if (drain < this.#drain) this.#drain = drain;',
    'An equal time is the same.',
  ],
  [
    'src/transport/gate.ts: number changed [32]: readonly #nonceKey = randomBytes(32);',
    'The key is random and never leaves the process. HMAC takes one of any length.',
  ],
  [
    'src/transport/tls.ts: number changed [1]: handshakeTimeout: 2 ** 31 - 1',
    'The core ends the handshake long before the 24 days (P12), of which one millisecond is missing.',
  ],
  [
    'src/client/worker/activity.ts: number changed [24]: const BATCH_OFFSET = 24;',
    'The worker and its reader use the same place. The ids of batches, which masters number, take far less than the memory behind it.',
  ],
  [
    'src/client/worker/activity.ts: number changed [1]: this.#limit = new Float64Array(board, LIMIT_OFFSET, 1);',
    'Only the first number is read and written.',
  ],
  [
    'src/client/worker/activity.ts: number changed [1]: this.#limit = new Float64Array(board, LIMIT_OFFSET, 1); (2)',
    'Only the first number is read and written.',
  ],
  [
    'src/client/worker/activity.ts: statement removed [this.#batch = batch;]: this.#batch = batch;',
    'A cache: the same id is written again.',
  ],
  [
    'src/client/worker/activity.ts: number changed [0]: at: this.#words[AT] ?? 0',
    'The memory has this word. The default is there for the compiler.',
  ],
  [
    'src/client/worker/task-runner.ts: default dropped [metadata.get(KEY.fixedArgsFrom) ?? 0]: this.#options.memory.dropFixedArgs(Number(metadata.get(KEY.fixedArgsFrom) ?? 0));',
    'No number is below NaN, and none of fixed arguments below 0.',
  ],
  [
    'src/client/worker/worker-session.ts: statement removed [this.#lose(connection, error);]: this.#lose(connection, error);',
    'A connection says that it has ended before it rejects what was asked of it (`Channel.#lose`), so the loss is known already.',
  ],
  [
    "src/client/sentinel/node-flags.ts: boundary changed [<]: for (let i = 0; i < flags.length; i++) { const flag = flags[i] ?? ''; const hasValue = wi…",
    'Behind the last flag there is nothing to keep.',
  ],
  [
    "src/client/sentinel/process-usage.ts: number changed [2]: const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');",
    'The first field, which is the state of the process, is not read.',
  ],
  [
    'src/client/sentinel/process-usage.ts: arithmetic swapped [+]: if (Number.isNaN(ticks + kilobytes)) return undefined;',
    'A sum is NaN where the difference is.',
  ],
  [
    'src/client/sentinel/sentinel.ts: default dropped [found?.value ?? {}]: this.#pool.setCancelled(unsafeCast<CancelledBatches>(found?.value ?? {}));',
    'A find that waits has a value when it is answered, and masters store an object.',
  ],
  [
    'src/client/sentinel/worker-pool.ts: boolean flipped [true]: let isFirst = true;',
    'The end of the child sets it before it is reported.',
  ],
  [
    'src/client/sentinel/worker-reports.ts: boundary changed [<=]: const processors = used === undefined || before === undefined || at <= before.at ? undefi…',
    'A report is made two seconds after the one before, so the times differ.',
  ],
  [
    'src/client/master/batch.ts: statement removed [this.#outcomes.clear();]: this.#outcomes.clear();',
    'A batch that was stopped throws its reason before it looks at outcomes again, so this only frees memory.',
  ],
  [
    'src/client/master/batch.ts: statement removed [this.#outcomes.close();]: this.#outcomes.close();',
    '`retry` refuses what comes after the end, so this only frees memory.',
  ],
  [
    'src/client/master/batch.ts: boundary changed [<]: if (change < 0) this.#changed.give();',
    'A change is never 0.',
  ],
  [
    'src/client/master/batch.ts: number changed [0]: if (change < 0) this.#changed.give();',
    'A change is never 0.',
  ],
  [
    'src/client/master/batch.ts: statement removed [this.retries?.withdraw(each);]: this.retries?.withdraw(each);',
    OF_ATTEMPTS,
  ],
  [
    'src/client/master/submission.ts: statement removed: this.retries?.withdraw(this.#options.index);',
    OF_ATTEMPTS,
  ],
  [
    'src/client/master/call-value.ts: number changed [0]: #index = 0;',
    '`sent` sets it, and a value is fetched only after that.',
  ],
  [
    "src/client/master/call-value.ts: statement removed [this.#life.send({ type: 'settled' });]: this.#life.send({ type: 'settled' });",
    OF_SETTLED,
  ],
  [
    "src/client/master/call-value.ts: statement removed [this.#life.send({ type: 'settled' });]: this.#life.send({ type: 'settled' }); (2)",
    OF_SETTLED,
  ],
  [
    'src/client/master/cancel-marks.ts: boolean flipped [false]: #hasChanged = false;',
    '`#store` sets it before it reads it.',
  ],
  [
    'src/client/master/chunk-size.ts: boundary changed [>]: this.value = one > this.value ? one : this.value + (one - this.value) * EASE;',
    'A quarter of no difference is nothing.',
  ],
  [
    'src/client/master/fixed-arguments.ts: statement removed [this.#freed.delete(variable);]: this.#freed.delete(variable);',
    'Nobody uses a variable that was deleted, so this only frees memory.',
  ],
  [
    'src/client/master/fixed-arguments.ts: default dropped [/\\d+$/.exec(variable)?.[0] ?? 0]: const numberOf = (variable: string): number => Number(/\\d+$/.exec(variable)?.[0] ?? 0);',
    'The server numbers these variables (S11). The default is there for the compiler.',
  ],
  [
    'src/client/master/fixed-arguments.ts: number changed [0]: const numberOf = (variable: string): number => Number(/\\d+$/.exec(variable)?.[0] ?? 0); (2)',
    'The server numbers these variables (S11). The default is there for the compiler.',
  ],
  [
    "src/client/master/left-element.ts: argument dropped ['leaves']: const LEAVES = Symbol('leaves');",
    'The description of a symbol is for people who debug.',
  ],
  [
    'src/client/master/left-values.ts: statement removed [this.#present.delete(left);]: this.#present.delete(left);',
    'The machine of a value deletes it once, also if the master ends later, so this only frees memory.',
  ],
  [
    'src/client/master/left-values.ts: argument dropped: const deletion = this.#lines.main .deleteVariable(this.#workspace, left.variable) .catch(…',
    'A deletion that has ended is awaited in no time, so this only frees memory.',
  ],
  [
    'src/client/master/named-batch.ts: statement removed [this.#early.delete(key);]: this.#early.delete(key);',
    'Each key is sent once, so this only frees memory.',
  ],
  ['src/client/master/named-batch.ts: number changed [0]: index = 0', OF_PART],
  ['src/client/master/named-batch.ts: number changed [1]: attempt = 1', OF_PART],
  [
    'src/client/master/rate.ts: boundary changed [>]: while (this.#measurements.length > 2 && at - (this.#measurements[1]?.at ?? at) >= this.#s…',
    'The second of two measurements is younger than a twentieth of the time.',
  ],
  [
    'src/client/master/retries.ts: number changed [0]: milliseconds: mayRetry ? waitBefore(policy, error.attempt + 1, error) : 0',
    OF_NO_ATTEMPT,
  ],
  ['src/client/master/retries.ts: number changed [0]: milliseconds: 0', OF_NO_ATTEMPT],
  [
    'src/client/master/task-group.ts: boolean flipped [false]: #isFlushDue = false;',
    'The first element of a group is sent at once, and `flush` sets it.',
  ],
  [
    'src/client/master/task-group.ts: statement removed [this.#isFlushDue = true;]: this.#isFlushDue = true;',
    'A further flush in the same turn finds nothing to send.',
  ],
  [
    'src/client/master/task-group.ts: boolean flipped [true]: this.#isFlushDue = true;',
    'A further flush in the same turn finds nothing to send.',
  ],
  [
    'src/client/master/task-group.ts: default dropped: const attempt = Number(metadata.get(KEY.attempt) ?? sent.parts[0]?.attempt ?? 1);',
    OF_PART,
  ],
  [
    'src/client/master/task-group.ts: number changed [1]: const attempt = Number(metadata.get(KEY.attempt) ?? sent.parts[0]?.attempt ?? 1);',
    OF_PART,
  ],
  [
    'src/client/master/task-parts.ts: boundary changed [>]: return batches.reduce((newest, each) => (batchNumber(each) > batchNumber(newest) ? each :…',
    'The batches of a group are those of one master, so those with the same number are the same.',
  ],
  ['src/client/master/task-parts.ts: number changed [1]: attempt: 1', OF_PART],
  [
    "src/client/master/task-parts.ts: argument dropped [',']: const metadata = new Map<string, string>([ [KEY.batchId, parts.map(({ owner }) => owner.i…",
    OF_COMMA,
  ],
  [
    "src/client/master/task-parts.ts: argument dropped [',']: const metadata = new Map<string, string>([ [KEY.batchId, parts.map(({ owner }) => owner.i… (2)",
    OF_COMMA,
  ],
  [
    "src/client/master/task-parts.ts: argument dropped [',']: metadata.set(KEY.shares, parts.map(({ elements }) => elements.length).join(','));",
    OF_COMMA,
  ],
]);
