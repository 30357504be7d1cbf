/** The names of the protocol, for servers, clients and checkers alike: nowhere else in the sources does one stand as text. */

/** Verbs, as the table in docs/protocol.md has them. */
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
} as const;
export type VerbName = (typeof VERB)[keyof typeof VERB];

/** What a verb looks like on the wire. */
export interface VerbForm {
  /** The least and the most arguments that it takes, the verb left out (P5.4). */
  readonly arity: readonly [least: number, most: number];
  /** Its replies carry a value (P7.2). */
  readonly isLong: boolean;
  /** How many of its first arguments are names: of a workspace, of a variable in it. */
  readonly names: 0 | 1 | 2;
  /** Its reply may wait for a store, so that nothing may be sent behind it (P5.2, P5.3). */
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
};

export const isVerb = (name: string): name is VerbName => Object.hasOwn(VERB_FORMS, name);
export const isLong = (verb: string): boolean => isVerb(verb) && VERB_FORMS[verb].isLong;
export const mayWait = (verb: string): boolean => isVerb(verb) && VERB_FORMS[verb].mayWait;

/** The workspace that is always there (W1). */
export const DEFAULT_WORKSPACE = '__default';
/** What `wstype` is for a job (W9, S1). */
export const JOB_TYPE = 'sleigh';

/** The variables of a job; `task`, `result` and `Sleigh ride over` are those of a job of the old style, too (W12). */
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

/** Keys of metadata. Those that begin with `nws` are told by the server. */
export const KEY = {
  /** Why a request failed (P8). */
  reason: 'nwsReason',

  /** Which kind of workspace is made (W9), and how much memory it may take (W11). */
  wsType: 'wstype',
  memoryBytes: 'memoryBytes',
  /** Options of a job (S1). `maxAttempts` is one of a task, too (S19). */
  rankCount: 'rankCount',
  sentinelRefreshPeriod: 'sentinelRefreshPeriod',
  workerGracePeriod: 'workerGracePeriod',
  onDeadWorker: 'onDeadWorker',
  maxAttempts: 'maxAttempts',
  join: 'join',
  reconnectGrace: 'reconnectGrace',

  /** `1`: asks `list vars` for the job of the old style, and how many tasks of it were lost (W12). */
  job: 'job',
  lost: 'nwsLost',

  /** Seconds after which the join phase ends (S5). */
  delay: 'delay',
  /** Whether a rank was given out (S2). */
  allocated: 'allocated',
  /** The rank whose worker is to be replaced (S19). */
  replaces: 'replaces',
  /** `1`: asks the scoreboard how often each worker was replaced (S12, S19). */
  replaced: 'replaced',
  /** A secret by which a worker or a sentinel shows that it is the same (S18, S19). */
  session: 'session',
  /** The number of the task that a worker that comes back is doing (S18), and of one that it is given. */
  doing: 'doing',
  taskNumber: 'nwsTask',
  /** Whether it still has that task, and for how many seconds it may come back (S18). */
  busy: 'nwsBusy',
  grace: 'nwsGrace',
  /** What a worker registers with (S3): its host, and the number of its process there. */
  host: 'host',
  pid: 'pid',

  /** To which batch a task or a result belongs, and where its results go (S7, S21). */
  batchId: 'batchId',
  mailbox: 'mailbox',
  /** Of a task with elements of several batches: how many there are of each, in the order of `batchId`, with commas. */
  shares: 'shares',
  /** The number of the task among those of its master; results come back with it (S7). In a report: what became of it (S19). */
  task: 'task',
  /** Who gets a broadcast of an elastic group (S17), and how many copies there were. */
  reach: 'reach',
  copies: 'nwsCopies',
  /** The worker of a result (S7). */
  workerRank: 'nwsWorkerRank',
  /** `1`: asks `jobStatus` for all batches (S10), and what it tells. */
  all: 'all',
  pending: 'nwsPending',
  running: 'nwsRunning',
  replacements: 'nwsReplacements',

  /** How a worker ended, and at which element, as its sentinel reports it (S19). */
  how: 'how',
  why: 'why',
  lastWords: 'lastWords',
  at: 'at',
  /** A result that there is none of (S7.1, S13), and what was reported of it (S19). */
  null: 'nwsNull',
  nullWhy: 'nwsWhy',
  nullHow: 'nwsHow',
  nullLastWords: 'nwsLastWords',
  nullAt: 'nwsAt',

  /** What a value is, where its descriptor does not say enough. */
  type: 'type',
  /** Of a task of this client: the module and the name of its function (C4). */
  module: 'module',
  function: 'function',
  /** `1`: the value is a chunk of elements, and so is the result, of their outcomes (C5). */
  chunk: 'chunk',
  /** Milliseconds after which no other element of a chunk is begun: its result has fewer outcomes then. */
  budget: 'budget',
  /** Of the result of a task with a budget that did not fail: milliseconds until it was ready to be sent. */
  took: 'took',
  /** The variable with the fixed arguments (S11). */
  fixedArgs: 'fixedArgs',
  /** The number of the oldest fixed arguments that are still needed: workers drop those before. */
  fixedArgsFrom: 'fixedArgsFrom',
  /** Milliseconds that one call may take. */
  timeout: 'timeout',
  /** `1`: each worker gets a copy of the task, so that none can leave it to another. */
  everyone: 'everyone',
  /** `1`: the task failed; the value is a TaskFailure. */
  error: 'error',

  /** What a sentinel of this client tells with its lines of `logDebug`, `logError` and `bye` (S20): of which worker, and when. */
  rank: 'rank',
  time: 'time',
  /** Of an end that is told in `logError`: how the worker ended. */
  ended: 'ended',
  /** Of a bye: which launch it is of, how many workers it had started, and why it has none any more. */
  station: 'station',
  workers: 'workers',
  byeReason: 'reason',
} as const;
export type MetadataKey = (typeof KEY)[keyof typeof KEY];

/** Options of the new handshake (P2.1, P2.5, P3). */
export const OPTION = {
  metadataToServer: 'MetadataToServer',
  metadataFromServer: 'MetadataFromServer',
  killServerOnClose: 'KillServerOnClose',
  webPort: 'NwsWebPort',
  tls: 'SSL',
  token: 'Token',
  tokenNonce: 'TokenNonce',
} as const;
