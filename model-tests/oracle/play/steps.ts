import fc from 'fast-check';

/** How many clients there are; each comes back when it has gone. */
export const CLIENTS = 6;

/** Something that a client does, before it is known what that comes to. */
export type Step = { readonly client: number } & (
  | { do: 'open'; verb: 'open ws' | 'use ws'; workspace: string; persistent: boolean; create: boolean }
  | { do: 'delete ws' | 'list vars'; workspace: string }
  | { do: 'list wss'; workspace: string | undefined }
  | { do: 'mktemp'; template: string; wstype: string | undefined }
  | { do: 'declare'; workspace: string; variable: string; mode: string; capacity?: string | undefined }
  | { do: 'delete var'; workspace: string; variable: string }
  | {
      do: 'store';
      verb?: 'store' | 'storeWait';
      workspace: string;
      variable: string;
      size: number;
      batch: Batch;
      extra?: Extra;
    }
  | { do: 'take'; verb: 'take' | 'takeTry'; workspace: string; variable: string; lasts: Lasts }
  | { do: 'end lease'; which: WhichLease; how: 'done' | 'back' | 'over' }
  | { do: 'extend lease'; which: WhichLease; lasts: Lasts }
  | { do: 'pass'; periods: number }
  | { do: 'get'; workspace: string; variable: string; verb: string; from: From; batch: Batch; extra?: Extra }
  | { do: 'register'; workspace: string; rank: Rank; session: Session; doing: Doing }
  | { do: 'replace'; workspace: string; rank: Rank; session: string | undefined }
  | { do: 'report'; workspace: string; rank: Rank; session: string; says: Extra }
  | { do: 'tell'; workspace: string; variable: string; value: string }
  | { do: 'await'; workspace: string; variable: string; verb: string; delay: string | undefined }
  | { do: 'duty'; workspace: string; dice: number; batch: Batch }
  | { do: 'vanish'; how: 'end' | 'reset' | 'midway' }
  | { do: 'overrun' }
  | { do: 'crash' }
  | { do: 'unknown' }
);
/** How many periods a lease lasts, or what is refused. */
export type Lasts = number | '0' | 'long' | '604800001';
/** A lease of the client, of another one, that has ended, or that never was. */
export type WhichLease = 'own' | 'other' | 'ended' | 'none';
/** Where an iteration goes on. */
export type From = 'start' | 'onwards' | 'ahead' | 'again' | 'stranger' | 'other';
/** `a,b` is a batch of that name; `box` a mailbox with results of two batches (S21). */
export type Batch = 'a' | 'b' | 'a,b' | 'box' | 'all' | undefined;
/** More metadata. */
export type Extra = Readonly<Record<string, string>>;
/** Whose rank: of the first who is in that state, or any. */
export type Rank = 'awaited' | 'lost' | 'ended' | 'supervised' | 'busy' | number;
/** S18: each worker may have a session of its own; the one before it had another. */
export type Session = 'none' | 'own' | 'former';
/** The task that a worker says it has when it comes back (S18): the last that it was given, or the one before. */
export type Doing = 'last' | 'previous' | 'nothing' | 'nonsense';

const onDeath = (onDeadWorker: string): Extra => ({ wstype: 'sleigh', onDeadWorker, maxAttempts: '2' });
/** Its tasks may say what the policies of the server read. */
export const POLICIES_JOB = 'job-policies';
/** Where workers may come back, and always in time. */
const GRACE = { reconnectGrace: '600' };
/** What makes a job is known by its name, so that every client makes the same one. */
export const OPTIONS: Readonly<Record<string, Extra>> = {
  'job-shutdown': onDeath('shutdown'),
  'job-requeue': onDeath('requeue'),
  'job-null': onDeath('null'),
  'job-returning': { ...onDeath('requeue'), ...GRACE },
  'job-elastic': { wstype: 'sleigh', join: 'elastic', maxAttempts: '2', ...GRACE },
  [POLICIES_JOB]: { wstype: 'sleigh', join: 'elastic', maxAttempts: '3', ...GRACE },
};
export const JOBS = Object.keys(OPTIONS);
/** By which a sentinel supervises its workers (S19). */
export const SECRET = 'secret';
const PLAIN = ['w', 'v', '__default'];
const NAMES = ['x', 'y'];
const MODES = ['fifo', 'lifo', 'multi', 'single', '__time', '__barrier', 'custom', 'queue'];
const CONSTANTS = ['version', 'plugin_version', 'join_status', 'rankCount', 'broadcast'];
const RINGS = ['bye', 'logDebug', 'logError'];
const FIFOS = ['worker registrations', ...RINGS, 'Sleigh ride over', 'worker_dead'];
const REPORTS = ['jobStatus', 'agentStatus', 'scoreboard', 'fixedargID', 'workerCount', 'worker_ids'];
const SEEN = [...CONSTANTS, ...FIFOS, ...REPORTS, 'status', 'task', 'result', 'sentinel_alive'];

const of = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const is = <const T>(value: T): fc.Arbitrary<T> => fc.constant(value);

const client = fc.nat({ max: CLIENTS - 1 });
const plain = of(...PLAIN, 'w', 'w');
const any = of(...PLAIN, ...JOBS);
const batch: fc.Arbitrary<Batch> = of<Batch>('a', 'a', 'a', 'a', 'b', 'box', 'box', 'a,b', undefined);
const mode = of(...MODES, 'fifo', 'single', '__barrier');
const size = of(6, 6, 6, 0, 5_000, 9_000);
const from = of<From>('start', 'onwards', 'onwards', 'ahead', 'again', 'stranger', 'other');
const GETS = ['find', 'fetch', 'findTry', 'fetchTry', 'ifind', 'ifetch', 'ifindTry', 'ifetchTry'];
const verb = of(...GETS);
const plainVerb = of('find', 'fetch', 'findTry', 'fetchTry');

const record = <T extends object>(parts: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> =>
  fc.record<T>(parts);

const get = (workspace: fc.Arbitrary<string>, variable: fc.Arbitrary<string>, verb: fc.Arbitrary<string>) =>
  record({ do: is('get'), client, workspace, variable, verb, from, batch });
const store = (workspace: fc.Arbitrary<string>, variable: fc.Arbitrary<string>, extra = is<Extra>({})) =>
  record({ do: is('store'), client, workspace, variable, size, batch, extra });

const session = of(SECRET, SECRET, SECRET, 'a guess');
const rank = of<Rank>('awaited', 'lost', 'ended', 'supervised', 'busy', 'busy', 0, 1, 2, 9);
const MAX_ATTEMPTS = ['1', '3', '0', 'x'].map((maxAttempts) => ({ maxAttempts }));
/** Counted attempts (S26), and priorities (S28.2). */
const COUNTED = ['1', '4', 'x'].map((attempt) => ({ attempt }));
const PRIORITIES = ['3', '3', '-2', '1001', 'high'].map((priority) => ({ priority }));
/** A result that is kept in a variable (S29). */
export const KEPT: Extra = { keepIn: 'x', keepAs: 'k' };
const KEPTS: Extra[] = [KEPT, KEPT, { ...KEPT, keepAs: 'l' }, { ...KEPT, keepIn: 'y' }];
/** Second copies (S31), tasks that are kept for a host (S32), and shares (S28.1), which only one of the jobs has. */
export const POLICED: readonly Extra[] = [
  { twice: '1' },
  { taskHost: 'ada' },
  {},
  { taskHost: 'bob', twice: '1' },
  { share: 's' },
  { taskHost: 'ada', share: 's', priority: '3' },
  { twice: '1', priority: '3' },
];
const policed = of(...POLICED);
const options = of<Extra>({}, {}, {}, {}, ...MAX_ATTEMPTS, ...COUNTED, ...PRIORITIES, ...KEPTS);
/** What a worker says of the place of its result changes nothing (S29). */
const places = of<Extra>({}, {}, {}, { keepIn: 'y', keepAs: 'n' });
const reach = of<Extra>({}, { reach: 'all' }, { reach: 'all' }, { reach: 'present' }, { reach: 'far' });
/** How a worker ended (S19). */
export const SAYINGS: readonly Extra[] = [
  {},
  { task: 'tried', why: 'crashed', how: 'exit status 1' },
  { task: 'untried' },
  { task: 'untried', why: 'told-to-go' },
  { task: 'failed', why: 'w'.repeat(70), how: 'h'.repeat(260), at: '3' },
  { task: 'failed', lastWords: 'last words, '.repeat(400) },
  { task: 'declined' },
  { task: 'declined', why: 'not-loaded' },
];
const says = of(...SAYINGS, { task: 'lost' }, { at: 'x' });

/** With how much weight a step comes. */
type Weighted = [weight: number, step: fc.Arbitrary<Step>];

/** The server ends without a word, and another one takes up its store (D4). */
const CRASHES: Weighted[] = [[1, record({ do: is('crash'), client })]];

/** With how much weight each of them comes. */
const OPENINGS: Weighted[] = [
  [
    2,
    record({
      do: is('open'),
      client,
      verb: of('open ws' as const, 'use ws' as const),
      workspace: any,
      persistent: fc.boolean(),
      create: fc.boolean(),
    }),
  ],
  [1, record({ do: is('delete ws'), client, workspace: any })],
  [1, record({ do: is('list wss'), client, workspace: fc.option(any, { nil: undefined }) })],
  [
    1,
    record({
      do: is('mktemp'),
      client,
      template: of('t%d', '%d', 't', '%d%d'),
      wstype: of(undefined, undefined, 'none'),
    }),
  ],
  [1, record({ do: is('vanish'), client, how: of('end' as const, 'reset' as const, 'midway' as const) })],
  [1, record({ do: is('overrun'), client })],
];

const declare = (workspace: fc.Arbitrary<string>, variable: fc.Arbitrary<string>) =>
  record({ do: is('declare'), client, workspace, variable, mode, capacity: is(undefined) });
const lasts = of<Lasts>(1, 1, 2, 3, 5, 5, '0', 'long', '604800001');
const which = of<WhichLease>('own', 'own', 'own', 'own', 'other', 'ended', 'none');

/** So few that whoever ends a lease often holds one. */
const few = of(0, 1, 2);

/** Values that are taken for a time (V13), and fifos that hold a few values at most (V14). */
const leasesIn = (workspace: fc.Arbitrary<string>, variable: fc.Arbitrary<string>): Weighted[] => [
  [
    7,
    record({
      do: is('take'),
      client: few,
      verb: of('take' as const, 'takeTry' as const),
      workspace,
      variable,
      lasts,
    }),
  ],
  [
    6,
    record({
      do: is('end lease'),
      client: few,
      which,
      how: of<'done' | 'back' | 'over'>('done', 'done', 'back', 'back', 'over'),
    }),
  ],
  [2, record({ do: is('extend lease'), client: few, which, lasts })],
  [3, record({ do: is('pass'), client, periods: of(1, 1, 2, 4) })],
  [
    3,
    record({
      do: is('declare'),
      client,
      workspace,
      variable,
      mode: of('fifo', 'fifo', 'fifo', 'lifo'),
      capacity: of('1', '1', '2', '3', '0', 'few'),
    }),
  ],
  [
    5,
    record({
      do: is('store'),
      client,
      verb: is('storeWait'),
      workspace,
      variable,
      size,
      batch: is(undefined),
    }),
  ],
];

const VARIABLES: Weighted[] = [
  [8, store(plain, of(...NAMES))],
  [12, get(plain, of(...NAMES), verb)],
  [3, declare(plain, of(...NAMES))],
  [2, record({ do: is('delete var'), client, workspace: plain, variable: of(...NAMES) })],
  [2, record({ do: is('list vars'), client, workspace: any })],
  [1, record({ do: is('unknown'), client })],
];

const workIn = (job: fc.Arbitrary<string>, extra = options): Weighted[] => [
  [60, record({ do: is('duty'), client, workspace: job, dice: fc.nat({ max: 19 }), batch })],
  [4, get(job, is('worker_ids'), of('fetch', 'fetch', 'fetchTry'))],
  [
    7,
    record({
      do: is('register'),
      client,
      workspace: job,
      rank: of<Rank>('awaited', 'awaited', 'awaited', 'lost', 'lost', 0, 1, 2, 9),
      session: of<Session>('none', 'own', 'own', 'former'),
      doing: of<Doing>('last', 'last', 'previous', 'nothing', 'nonsense'),
    }),
  ],
  [
    3,
    record({
      do: is('replace'),
      client,
      workspace: job,
      rank,
      session: of<string | undefined>(SECRET, SECRET, SECRET, 'a guess', undefined),
    }),
  ],
  [3, record({ do: is('report'), client, workspace: job, rank, session, says })],
  [9, get(job, is('task'), of('fetch', 'fetch', 'fetchTry'))],
  [9, store(job, is('task'), extra)],
  [8, store(job, is('result'), places)],
  [7, get(job, is('result'), plainVerb)],
  [2, store(job, is('broadcast'), reach)],
  [3, get(job, of(...REPORTS), plainVerb)],
  [6, get(job, of('x', 'x', 'y'), verb)],
  [1, store(job, of('x', 'y'))],
  [1, record({ do: is('delete var'), client, workspace: job, variable: of('x', 'y') })],
  [1, get(job, is('sentinel_alive'), plainVerb)],
  [
    1,
    record({
      do: is('await'),
      client,
      workspace: job,
      variable: of('status', 'waitForWorkers'),
      verb: plainVerb,
      delay: of<string | undefined>(undefined, '0', '0', '600', 'soon'),
    }),
  ],
  [
    1,
    record({
      do: is('tell'),
      client,
      workspace: job,
      variable: is('worker_dead'),
      value: of('0', '1', '2', 'x'),
    }),
  ],
  [
    1,
    record({
      do: is('tell'),
      client,
      workspace: job,
      variable: of('workerCount', 'workerCount', 'status'),
      value: of('2', '3', '4', 'x'),
    }),
  ],
];

const rareIn = (job: fc.Arbitrary<string>): Weighted[] => [
  [2, get(job, of(...SEEN), verb)],
  [3, store(job, of(...RINGS))],
  [2, get(job, of(...RINGS), verb)],
  [1, record({ do: is('list vars'), client, workspace: job })],
  [1, record({ do: is('delete var'), client, workspace: job, variable: of(...SEEN) })],
  [1, declare(job, of(...SEEN))],
  [
    1,
    record({
      do: is('take'),
      client,
      verb: is('takeTry'),
      workspace: job,
      variable: of('task', 'result', 'status', ...RINGS),
      lasts: is(1),
    }),
  ],
  [1, store(job, of(...CONSTANTS, 'agentStatus', 'sentinel_alive', 'jobStatus', 'Sleigh ride over', 'bye'))],
];

const weighted = (...lists: Weighted[][]): fc.Arbitrary<Step> =>
  fc.oneof(...lists.flat().map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** Everything everywhere. */
export const anyStep: fc.Arbitrary<Step> = weighted(
  OPENINGS,
  CRASHES,
  VARIABLES,
  leasesIn(plain, of(...NAMES)),
  workIn(of(...JOBS)),
  rareIn(of(...JOBS)),
);

/** What happens to one variable, with leases and a capacity. */
const ON_ONE: Weighted[] = [
  ...leasesIn(is('w'), is('x')),
  [10, store(is('w'), is('x'))],
  [6, get(is('w'), is('x'), verb)],
];
export const stepOnOneVariable: fc.Arbitrary<Step> = weighted(ON_ONE);

/** The same among other variables, crashes and disconnections. */
export const stepOnVariables: fc.Arbitrary<Step> = weighted(
  OPENINGS,
  CRASHES,
  VARIABLES,
  ON_ONE,
  leasesIn(of('w', 'v'), is('x')),
);

/** What happens in one job, most of it sensible. */
export const stepIn = (job: string): fc.Arbitrary<Step> =>
  weighted(
    OPENINGS,
    CRASHES,
    rareIn(is(job)),
    workIn(is(job), job === POLICIES_JOB ? policed : options),
    job === POLICIES_JOB ? [[8, record({ do: is('pass'), client, periods: of(1, 1, 2) })]] : [],
  );
