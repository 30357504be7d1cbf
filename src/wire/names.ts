/** The names of the protocol, for servers, clients and checkers. They appear as text nowhere else in the sources. */

/** The verbs, as in the table of docs/protocol.md. */
export const VERB = {
  openWs: 'open ws',
  useWs: 'use ws',
  deleteWs: 'delete ws',
  mktempWs: 'mktemp ws',
  listWss: 'list wss',
  declareVar: 'declare var',
  deleteVar: 'delete var',
  listVars: 'list vars',
  store: 'store',
  fetch: 'fetch',
  find: 'find',
  fetchTry: 'fetchTry',
  findTry: 'findTry',
  ifetch: 'ifetch',
  ifind: 'ifind',
  ifetchTry: 'ifetchTry',
  ifindTry: 'ifindTry',
  deadman: 'deadman',
  openSession: 'open session',
  resumeSession: 'resume session',
  endSession: 'end session',
  notePartition: 'note partition',
  locateWs: 'locate ws',
  take: 'take',
  takeTry: 'takeTry',
  endLease: 'end lease',
  extendLease: 'extend lease',
  storeWait: 'storeWait',
} as const;
/** How a lease ends (V13.1, V13.2). */
export const LEASE_END = { done: 'done', back: 'back' } as const;

export type VerbName = (typeof VERB)[keyof typeof VERB];

/** The form of a verb on the wire. */
export interface VerbForm {
  /** The least and the largest number of arguments after the verb (P5.4). */
  readonly arity: readonly [least: number, most: number];
  /** Whether its replies carry a value (P7.2). */
  readonly isLong: boolean;
  /** How many of its first arguments are names: of a workspace, and of a variable in it. */
  readonly names: 0 | 1 | 2;
  /** Whether its reply may wait for a store, or for room, so that no request may follow it (P5.2, P5.3). */
  readonly mayWait: boolean;
}

const short = (least: number, most: number, names: VerbForm['names']): VerbForm => ({
  arity: [least, most],
  isLong: false,
  names,
  mayWait: false,
});
const long = (least: number, most: number, names: VerbForm['names']): VerbForm => ({
  ...short(least, most, names),
  isLong: true,
});
/** One of the eight gets (V4, V10). */
const get = (mayWait: boolean): VerbForm => ({ ...long(2, 4, 2), mayWait });

export const VERB_FORMS: Readonly<Record<VerbName, VerbForm>> = {
  'open ws': short(3, 4, 1),
  'use ws': short(3, 4, 1),
  'delete ws': short(1, 1, 1),
  'mktemp ws': long(0, 1, 0),
  'list wss': long(0, 1, 1),
  'declare var': short(3, 3, 2),
  'delete var': short(2, 2, 2),
  'list vars': long(1, 1, 1),
  store: short(4, 4, 2),
  fetch: get(true),
  find: get(true),
  fetchTry: get(false),
  findTry: get(false),
  ifetch: get(true),
  ifind: get(true),
  ifetchTry: get(false),
  ifindTry: get(false),
  deadman: short(0, 0, 0),
  'open session': short(2, 2, 0),
  'resume session': short(1, 1, 0),
  'end session': short(0, 0, 0),
  'note partition': short(1, 1, 0),
  'locate ws': short(1, 1, 1),
  take: { ...long(3, 3, 2), mayWait: true },
  takeTry: long(3, 3, 2),
  'end lease': short(2, 2, 0),
  'extend lease': short(2, 2, 0),
  storeWait: { ...long(4, 4, 2), mayWait: true },
};

export const isVerb = (name: string): name is VerbName => Object.hasOwn(VERB_FORMS, name);
export const isLong = (verb: string): boolean => isVerb(verb) && VERB_FORMS[verb].isLong;
/** Whether the fourth argument of the verb is a value (V3, V14.2). */
export const isStore = (verb: string): boolean => verb === VERB.store || verb === VERB.storeWait;
export const mayWait = (verb: string): boolean => isVerb(verb) && VERB_FORMS[verb].mayWait;

/** The workspace that always exists (W1). */
export const DEFAULT_WORKSPACE = '__default';
/** The `wstype` of a job (W9, S1). */
export const JOB_TYPE = 'sleigh';

/** The variables of a job. `task`, `result` and `Sleigh ride over` are also those of an old-style job (W12). */
export const VARIABLE = {
  version: 'version',
  pluginVersion: 'plugin_version',
  joinStatus: 'join_status',
  rankCount: 'rankCount',
  workerCount: 'workerCount',
  status: 'status',
  waitForWorkers: 'waitForWorkers',
  workerIds: 'worker_ids',
  registrations: 'worker registrations',
  sentinelAlive: 'sentinel_alive',
  task: 'task',
  broadcast: 'broadcast',
  result: 'result',
  jobStatus: 'jobStatus',
  fixedArgId: 'fixedargID',
  agentStatus: 'agentStatus',
  scoreboard: 'scoreboard',
  bye: 'bye',
  logDebug: 'logDebug',
  logError: 'logError',
  rideOver: 'Sleigh ride over',
  workerDead: 'worker_dead',
} as const;
export type VariableName = (typeof VARIABLE)[keyof typeof VARIABLE];

/** The values of the metadata `durable` (W13). */
export const DURABLE = { none: 'none', journal: 'journal' } as const;
export type Durability = (typeof DURABLE)[keyof typeof DURABLE];
export const isDurability = (text: string): text is Durability => Object.hasOwn(DURABLE, text);

/** The keys of metadata. The server sends those that begin with `nws`. */
export const KEY = {
  /** The number of a request in its session, and the number of replies that the client has received (P15.1). */
  request: 'request',
  answered: 'answered',
  /** How often the client of a session has come, and the numbers of the partitions that the session has noted (D18). */
  arrival: 'arrival',
  partitions: 'partitions',
  /** Where clients reach the server that owns a workspace, and the number of partitions of the data (D24). */
  owner: 'nwsOwner',
  partitionCount: 'nwsPartitions',

  /** Why a request failed (P8). */
  reason: 'nwsReason',

  /** The type of the new workspace (W9), its memory quota (W11), and whether it survives the server (W13). */
  wsType: 'wstype',
  memoryBytes: 'memoryBytes',
  durable: 'durable',
  /** The options of a job (S1). `maxAttempts` is also an option of a task (S19). */
  rankCount: 'rankCount',
  sentinelRefreshPeriod: 'sentinelRefreshPeriod',
  workerGracePeriod: 'workerGracePeriod',
  onDeadWorker: 'onDeadWorker',
  maxAttempts: 'maxAttempts',
  join: 'join',
  reconnectGrace: 'reconnectGrace',

  /** `1` requests the numbers of running and lost tasks of an old-style job from `list vars` (W12). */
  job: 'job',
  lost: 'nwsLost',

  /** Seconds after which the join phase ends (S5). */
  delay: 'delay',
  /** Whether a rank was given out (S2). */
  allocated: 'allocated',
  /** The rank whose worker is to be replaced (S19). */
  replaces: 'replaces',
  /** `1` requests a column with the number of replacements in the scoreboard (S12, S19). */
  replaced: 'replaced',
  /** A secret that identifies a worker or a sentinel across connections (S18, S19). */
  session: 'session',
  /** The number of the task that a returning worker is doing (S18), and that of a task that it is given. */
  doing: 'doing',
  taskNumber: 'nwsTask',
  /** Whether the worker still has that task, and for how many seconds it, or a session, may come back (S18, P15). */
  busy: 'nwsBusy',
  grace: 'nwsGrace',
  /** The metadata of a registration (S3): the host and the process id of the worker. */
  host: 'host',
  pid: 'pid',
  /** The host on which a task should be done, for policies (S32). It is not `host`, which a result has from its worker. */
  taskHost: 'taskHost',

  /** The batch of a task or a result, and the place of its results (S7, S21). */
  batchId: 'batchId',
  mailbox: 'mailbox',
  /**
   * The variable in which the result of a task is kept, the key of the task there, and `1` in the reply if the key was known
   * (S28).
   */
  keepIn: 'keepIn',
  keepAs: 'keepAs',
  known: 'nwsKnown',
  /**
   * The variable in which a large result of a task stays, its size in bytes, which goes to the master instead, and the
   * variable with the element of a task (S34).
   */
  leaveIn: 'leaveIn',
  left: 'nwsLeft',
  elementIn: 'elementIn',
  /**
   * For a task with elements of several batches: the number of elements of each, in the order of `batchId`, separated
   * by commas.
   */
  shares: 'shares',
  /** The index of the first element of each of these batches, and the seed of their random numbers (S23.7). */
  index: 'index',
  seed: 'seed',
  /** `1` means that the master takes the reports of the calls (S23.9). */
  listens: 'listens',
  /** Whose task it is in the queue, and before which others it is given (S28). */
  share: 'share',
  priority: 'priority',
  /** The number of the attempt of a task, from 1, which the server counts on (S26). */
  attempt: 'attempt',
  /** How many values a fifo holds at most (V14). */
  capacity: 'capacity',
  /** The number of the lease of a value that was taken (V13). */
  lease: 'nwsLease',
  /** The first attempt of a task that runs alone in its worker process (S23.10). */
  aloneFrom: 'aloneFrom',
  /** That another rank of the same process calls the copy of a broadcast (S22.16). */
  beside: 'beside',
  /**
   * The number of the task among those of its master, which its result carries, too (S7). In a report, what becomes
   * of the task (S19).
   */
  task: 'task',
  /** Which workers get a broadcast of an elastic group, and the number of copies (S17). */
  reach: 'reach',
  copies: 'nwsCopies',
  /** The worker of a result (S7). */
  workerRank: 'nwsWorkerRank',
  /** `1` requests the status of all batches from `jobStatus` (S10); the keys of its reply. */
  all: 'all',
  pending: 'nwsPending',
  running: 'nwsRunning',
  replacements: 'nwsReplacements',

  /** The report of a sentinel on how a worker ended, and at which element (S19). */
  how: 'how',
  why: 'why',
  lastWords: 'lastWords',
  at: 'at',
  /** A null result (S7.1, S13), and what was reported of its worker (S19). */
  null: 'nwsNull',
  nullWhy: 'nwsWhy',
  nullHow: 'nwsHow',
  nullLastWords: 'nwsLastWords',
  nullAt: 'nwsAt',

  /** The form of a value, if its descriptor does not determine it. */
  type: 'type',
  /** The module and the name of a task's function, for tasks of this client (C4). */
  module: 'module',
  function: 'function',
  /** The language of that module (C8). Without it, it is an ECMAScript module. */
  language: 'language',
  /** `1` means that the value is a chunk of elements, and the result a chunk of outcomes (C5). */
  chunk: 'chunk',
  /** Milliseconds after which no further element of a chunk is begun. Its result then has fewer outcomes. */
  budget: 'budget',
  /** Milliseconds until the result of a task with a budget was ready. A failed task has none. */
  took: 'took',
  /** The variable with the fixed arguments (S11). */
  fixedArgs: 'fixedArgs',
  /** The number of the oldest fixed arguments that are still needed. Workers discard earlier ones. */
  fixedArgsFrom: 'fixedArgsFrom',
  /** The time limit of one call in milliseconds. */
  timeout: 'timeout',
  /** `1` means that each worker gets a copy of the task, so none can leave it to another. */
  everyone: 'everyone',
  /** `1` means that the task failed; the value is a TaskFailure. */
  error: 'error',

  /**
   * The worker and the time of a line that a sentinel of this client stores to `logDebug`, `logError` or `bye` (S20).
   */
  rank: 'rank',
  time: 'time',
  /** `1` means that the launcher has the line already, so that the master does not pass it on (S24.4). */
  passedOn: 'passedOn',
  /** How a worker ended, for the line in `logError`. */
  ended: 'ended',
  /** For a value of `bye`: which launch it belongs to, how many workers it had started, and why it has none any more. */
  station: 'station',
  workers: 'workers',
  byeReason: 'reason',
} as const;
export type MetadataKey = (typeof KEY)[keyof typeof KEY];

/** The options of the new handshake (P2.1, P2.5, P3, D7, D24). */
export const OPTION = {
  metadataToServer: 'MetadataToServer',
  metadataFromServer: 'MetadataFromServer',
  killServerOnClose: 'KillServerOnClose',
  webPort: 'NwsWebPort',
  tls: 'SSL',
  token: 'Token',
  tokenNonce: 'TokenNonce',
  durability: 'Durability',
  /** Names the store that several servers share (D24). */
  store: 'Store',
} as const;
