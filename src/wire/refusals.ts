import { constant, errorKind, type Catalogue, type ErrorKind } from './error-kind.ts';
import type { Limits } from './limits.ts';
import { LIMIT } from './limit-refusals.ts';
import { CAPACITY } from './capacity-refusals.ts';
import { LEASE } from './lease-refusals.ts';
import { SESSION } from './session-refusals.ts';
import { OPERATION } from './operation-refusals.ts';
import { VARIABLE } from './names.ts';
import { STATUS, type Status } from './reply.ts';

/** A request that is not carried out: it changed nothing, and the connection goes on. */
export interface Refusal {
  /** Stable; for logs and programs. */
  readonly code: string;
  readonly status: Status;
  /** For people; goes out as `nwsReason` (P8). */
  readonly reason: string;
  /** The setting that was met, when it was one (P12). */
  readonly limit?: keyof Limits;
}

/** Makes a refusal, of status 0001 unless it is told another one. */
export const refuse = (
  { code, message }: { readonly code: string; readonly message: string },
  details: { readonly status?: Status; readonly limit?: keyof Limits } = {},
): Refusal => ({ code, status: STATUS.failed, reason: message, ...details });

/** Of any request. Clients of 2007 know some of these texts, so that none of them changes. */
export const REQUEST = {
  empty: constant('empty', 'A request needs at least a verb.', 'Mend the client (P5).'),
  unknownVerb: errorKind(
    'unknown-verb',
    (verb: string) => `Unknown verb "${verb}"`,
    'Use a verb of the protocol (P5.4), or a newer server.',
    'peek',
  ),
  wrongArity: errorKind(
    'arguments',
    (verb: string) => `Wrong number of arguments for "${verb}"`,
    'Give as many as the table of verbs says.',
    'store',
  ),
  notANumber: errorKind(
    'not-a-number',
    (what: string, text: string) => `${what} must be a number, not "${text}".`,
    'Give a number (P5.5).',
    'descriptor',
    'x',
  ),
  overran: constant(
    'overran',
    'A request came while an earlier one was blocked.',
    'Send nothing behind a get that waits (P5.3), or use another connection.',
  ),
  mayNotStop: constant(
    'may-not-stop',
    'Refused: clients may not stop this server.',
    'Stop it where it runs, or start it with `--deadman` (P3).',
  ),
  internal: constant(
    'internal',
    'Internal error.',
    'A fault of the server: its log says more. Please report it.',
  ),
} as const satisfies Catalogue;

/** Of workspaces. */
export const WORKSPACE = {
  none: constant('no-workspace', 'No such workspace.', 'Open it first, with create (W4).'),
  notOpened: errorKind(
    'not-opened',
    (name: string) => `Workspace ${name} has not been opened.`,
    'Open or use it on this connection first (W5).',
    'jobs',
  ),
  doesNotExist: errorKind(
    'no-workspace',
    (name: string) => `Workspace "${name}" does not exist.`,
    'Check the name: `sleigh ls` shows which there are (W7).',
    'jobs',
  ),
  unknownType: constant(
    'unknown-kind',
    "Failed to create workspace: couldn't load plugin.",
    'Use `wstype` = `sleigh`, or none (W9).',
  ),
  unknownTemporaryKind: constant(
    'unknown-kind',
    'Internal error: reference_space failed',
    'Use `wstype` = `sleigh`, or none (W9).',
  ),
  badTemplate: errorKind(
    'bad-template',
    (template: string) => `mktemp: bad template "${template}".`,
    'Give one place for a number, as in `__ws__%d` (W8).',
    'jobs',
  ),
  badQuota: errorKind(
    'bad-quota',
    (text: string) => `memoryBytes must be a whole number of bytes from 0, not "${text}".`,
    'Give such a number (W11).',
    '1G',
  ),
  badDurability: errorKind(
    'bad-durability',
    (text: string) => `durable must be none or journal, not "${text}".`,
    'Give one of these (W13).',
    'always',
  ),
  badOptions: errorKind(
    'bad-option',
    (all: string) => `Failed to create workspace: ${all}.`,
    'Mend the options that it names (S1); nothing was made.',
    'rankCount must be a whole number up to 100000, not "x"',
  ),
} as const satisfies Catalogue;

/** Of variables. */
export const VARIABLES = {
  noValue: constant('no-value', 'no value available', 'Wait for one: `fetch`, `find` (V4).'),
  purged: constant(
    'purged',
    'Variable purged.',
    'Someone has deleted the variable, or its workspace (V7, W7).',
  ),
  storeRefused: constant(
    'store-refused',
    'Store is not supported for this variable.',
    'The server keeps this variable; read it (V11).',
  ),
  idMismatch: constant(
    'id-mismatch',
    'Variable id mismatch.',
    'The variable was made anew: begin the iteration again, without an id (V10).',
  ),
  none: errorKind(
    'no-variable',
    (variable: string, workspace: string) =>
      `Variable "${variable}" does not exist in workspace "${workspace}".`,
    'Check the name (V7).',
    'x',
    'jobs',
  ),
  permanent: errorKind(
    'permanent',
    (variable: string) => `Variable "${variable}" is part of the workspace and cannot be deleted.`,
    'Delete the workspace (S7.2).',
    'task',
  ),
  modeFixed: errorKind(
    'mode-fixed',
    (mode: string) => `Cannot change variable mode to "${mode}".`,
    'Use fifo, lifo, multi, single, __time or __barrier, before the first store (V2).',
    'lifo',
  ),
  beyondHead: constant(
    'ifetch-beyond-head',
    'ifetch* only supported at beginning of FIFO',
    'Take values from the head, or read with `ifind` (V10.1).',
  ),
  noIfind: constant('lifo-not-iterable', 'ifind* not supported on LIFO', 'Use a fifo (V10.3).'),
  noIfetch: constant('lifo-not-iterable', 'ifetch* not supported on LIFO', 'Use a fifo (V10.3).'),
  memberAlready: constant(
    'barrier-member',
    'Client attempting to join barrier group, but is already a member',
    'Store once for each connection (V12).',
  ),
  noLeases: errorKind(
    'no-leases',
    (mode: string) => `take is not supported for a variable of mode "${mode}".`,
    'Take values of a fifo, a lifo or a single (V13).',
    '__time',
  ),
  noMember: constant(
    'barrier-no-member',
    'Client has not joined this barrier group.',
    'Store into the barrier first (V12).',
  ),
} as const satisfies Catalogue;

/** Of jobs. */
export const JOB = {
  noValueYet: constant('no-value', 'no value available.', 'Wait for one: `fetch`, `find` (S7).'),
  dead: constant('sleigh-dead', 'sleigh is dead', 'The job has ended: start another one (S14).'),
  shuttingDown: constant(
    'shutting-down',
    'Store failed: sleigh is shutting down.',
    'The job ends: start another one (S14).',
  ),
  failed: constant(
    'sleigh-failed',
    'The sleigh has failed, by a fault of the server.',
    'The log of the server says more. Please report it.',
  ),
  workerDead: constant(
    'worker-dead',
    'worker is dead',
    'The worker was reported dead, or broke the protocol: start another one (S13).',
  ),
  workerReplaced: constant(
    'worker-replaced',
    'the worker has come back on another connection',
    'Go on with the newer connection (S18).',
  ),
  findRefused: constant(
    'find-refused',
    'find is not supported on the task queue',
    'Use `fetch` or `fetchTry` (S7).',
  ),
  noTask: constant(
    'no-task',
    'Store failed: no current task to store a result of.',
    'Fetch a task first, and store one result for each (S7).',
  ),
  badReach: errorKind(
    'bad-reach',
    (text: string) => `reach must be present or all, not "${text}".`,
    'Give one of these (S17).',
    'everybody',
  ),
  badAttempts: errorKind(
    'bad-attempts',
    (text: string) => `maxAttempts must be a whole number from 1, not "${text}".`,
    'Give such a number (S19).',
    '0',
  ),
  badPriority: errorKind(
    'bad-priority',
    (text: string, most: number) =>
      `priority must be a whole number from -${most} to ${most}, not "${text}".`,
    'Give such a number (S28).',
    'high',
    1_000,
  ),
  badFate: errorKind(
    'bad-fate',
    (text: string) => `task must be tried, untried, failed or declined, not "${text}".`,
    'Give one of these (S19).',
    'lost',
  ),
  notSupervised: errorKind(
    'not-supervised',
    (what: string, rank: number) => `${what}: rank ${rank} was not given to a sentinel of that session.`,
    'Only the sentinel that was given a rank reports on it (S19).',
    VARIABLE.workerDead,
    3,
  ),
} as const satisfies Catalogue;

const registration = <const Facts extends readonly (string | number)[]>(
  why: (...facts: Facts) => string,
  remedy: string,
  ...example: NoInfer<Facts>
): ErrorKind<Facts, 'registration-failed'> =>
  errorKind(
    'registration-failed',
    (...facts: Facts) => `Worker registration failed: ${why(...facts)}.`,
    remedy,
    ...example,
  );

/** Of registrations of workers. */
export const REGISTRATION = {
  groupClosed: registration(
    () => 'group closed',
    'The workers that were expected are there (S5). A job with `join` = `elastic` takes workers at any time (S17).',
  ),
  duplicate: registration(
    () => 'duplicate worker id',
    'Get a rank from `worker_ids` first, and register once with it (S3).',
  ),
  noRank: registration(
    (text: string) => `the rank "${text}" is no number`,
    'Register under the number that `worker_ids` has given (S3).',
    'x',
  ),
  longSession: registration(
    (length: number, limit: number) => `a session of ${length} bytes; the limit is ${limit}`,
    'Choose a shorter secret (S18).',
    300,
    255,
  ),
  unknown: registration(
    (rank: number) => `rank ${rank} was never given out`,
    'Get a rank from `worker_ids` first (S2).',
    5,
  ),
  forgotten: registration(
    (rank: number) => `the worker of rank ${rank} has ended`,
    'Its place is not free any more: get another rank from `worker_ids` (S17).',
    5,
  ),
  ended: registration(
    (rank: number, state: string) => `the worker of rank ${rank} is ${state}`,
    'Its place is not free any more: get another rank from `worker_ids` (S3, S18).',
    5,
    'dead',
  ),
  connection: registration(
    (rank: number) => `this connection is worker ${rank} already`,
    'Register each worker on a connection of its own (S3).',
    5,
  ),
} as const satisfies Catalogue;

/** All of them, by what is refused. */
export const REFUSALS: Readonly<Record<string, Catalogue>> = {
  'Any request': REQUEST,
  'Over a limit': LIMIT,
  Sessions: SESSION,
  Workspaces: WORKSPACE,
  Variables: VARIABLES,
  'Leases of values': LEASE,
  'Fifos with a capacity': CAPACITY,
  Jobs: JOB,
  'Registrations of workers': REGISTRATION,
  Plugins: OPERATION,
};
