import { KEY, LEASE_END, VERB, VERB_FORMS, type VerbForm, type VerbName } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import type { Request } from '../wire/request.ts';
import { PendingGet, foundPieces, foundText, type Found, type Iterator } from '../workspace/pending-get.ts';
import { Listing, listVariables } from '../workspace/listing.ts';
import type { Receipt } from '../workspace/receipt.ts';
import { isRefusal, notANumber, refusal, type Refusal } from '../workspace/refusal.ts';
import type { Steps } from '../workspace/steps.ts';
import type { Opener } from '../workspace/references.ts';
import type { OpenRequest, Workspaces } from '../workspace/workspaces.ts';
import type { TakenValue } from '../workspace/leasing.ts';
import { COST } from '../workspace/memory-budget.ts';
import type { Value } from '../workspace/value.ts';
import { STORED_REPLY, WaitingStore } from '../workspace/waiting-store.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { CAPACITY } from '../wire/capacity-refusals.ts';
import { LEASE } from '../wire/lease-refusals.ts';
import { REQUEST } from '../wire/refusals.ts';

/** The immediate result of a request: nothing, metadata, a value, or a refusal. */
export type Settled = undefined | Receipt | Found | Refusal;

/** A result that is computed in steps (P14). */
export class Making {
  readonly steps: Steps<Settled>;
  /** Called when the result is not needed any more. Without it the work must be completed in any case. */
  readonly drop: (() => void) | undefined;

  constructor(steps: Steps<Settled>, drop?: () => void) {
    this.steps = steps;
    this.drop = drop;
  }
}

/** The result of a request. A `PendingGet` sends its own reply. */
export type Outcome = Settled | PendingGet | Making;

/** The client that makes a request. */
export interface Caller extends Opener {
  /** Whether any client may stop the server (P3). */
  readonly mayStopServer: boolean;
  /** Whether the server stops when the connection of this client closes (P3). */
  killsServer: boolean;
  /**
   * P15.
   * @param grace seconds
   * @param arrival how often its client has come, or 0 if it comes now; undefined if its connection is no link of a server (D18)
   */
  openSession(secret: string, grace: string, arrival: number | undefined): Refusal | Receipt | undefined;
  /** P15.2. @param arrival as for `openSession` */
  resumeSession(secret: string, arrival: number | undefined): Refusal | Receipt | undefined;
  /** D18. */
  notePartition(text: string): Refusal | undefined;
  /** P15.4. */
  endSession(): Refusal | undefined;
}

type Run = (request: Request, caller: Caller, workspaces: Workspaces) => Outcome;

/** One verb of the protocol (the table in docs/protocol.md). */
export interface Verb extends VerbForm {
  readonly run: Run;
}

const MAY_NOT_STOP = refusal(REQUEST.mayNotStop());

export const verbOf = (name: string): Verb | undefined => VERBS.get(name);

/** Carries out a request, unless it is malformed (P5.4) or over a limit (P12). */
export function run(
  verb: Verb | undefined,
  request: Request,
  caller: Caller,
  workspaces: Workspaces,
): Outcome {
  if (verb === undefined) return refusal(REQUEST.unknownVerb(request.verb));
  if (request.excess !== undefined) return request.excess;
  const [least, most] = verb.arity;
  if (request.args.length < least || request.args.length > most)
    return refusal(REQUEST.wrongArity(request.verb));
  return verb.run(request, caller, workspaces);
}

const argument = (request: Request, index: number): string => request.args[index] ?? '';

/** D18. */
const arrivalOf = ({ metadata }: Request): number | undefined => parseWhole(metadata.get(KEY.arrival) ?? '');

const opening = (request: Request): OpenRequest => ({
  name: argument(request, 0),
  label: argument(request, 1),
  persistent: argument(request, 2) === 'yes',
  create: argument(request, 3) !== 'no',
  metadata: request.metadata,
});

/** The position of an iteration (V10). No id, or one of spaces, means its beginning. */
function iteratorOf(request: Request): Iterator | undefined | Refusal {
  const variableId = argument(request, 2).trim();
  const text = argument(request, 3);
  const index = text.trim() === '' ? undefined : parseWhole(text);
  if (index === undefined && text.trim() !== '') return notANumber('index', text);
  return variableId === '' ? undefined : { variableId, index };
}

interface Form {
  readonly takes: boolean;
  readonly waits: boolean;
  readonly iterates: boolean;
}

/** A get (V4, V10). `find` and `fetch` ignore the id and the index. */
const get =
  ({ takes, waits, iterates }: Form): Run =>
  (request, caller, workspaces) => {
    const iterator = iterates ? iteratorOf(request) : undefined;
    if (isRefusal(iterator)) return iterator;
    const workspace = workspaces.referredTo(argument(request, 0), caller.references);
    if (isRefusal(workspace)) return workspace;
    const { verb, metadata } = request;
    const get = new PendingGet(caller, { verb, takes, waits, iterator, metadata });
    workspace.get(argument(request, 1), get);
    return get.making === undefined ? get : new Making(get.making.steps, get.making.drop);
  };

/** @returns milliseconds */
function leaseTime(text: string): number | Refusal {
  const milliseconds = parseWhole(text) ?? 0;
  const most = BOUNDS.leaseMs.value;
  return milliseconds >= 1 && milliseconds <= most ? milliseconds : refusal(LEASE.badTime(text, most));
}

/** A fetch for a time (V13). */
const take =
  (waits: boolean): Run =>
  (request, caller, workspaces) => {
    const milliseconds = leaseTime(argument(request, 2));
    if (isRefusal(milliseconds)) return milliseconds;
    const workspace = workspaces.referredTo(argument(request, 0), caller.references);
    if (isRefusal(workspace)) return workspace;
    const noRoom = workspace.accounting.refusalOf(COST.lease, caller.account);
    if (noRoom !== undefined) return noRoom;
    const { verb, metadata } = request;
    const lease = (taken: TakenValue): Metadata => workspaces.leases.begin(taken, caller, milliseconds);
    const get = new PendingGet(caller, { verb, takes: true, waits, metadata, lease });
    workspace.get(argument(request, 1), get);
    return get;
  };

/** What a store is to put where. */
interface StoreRequest {
  readonly workspace: Workspace;
  readonly name: string;
  readonly value: Value;
}

function readStore(request: Request, caller: Caller, workspaces: Workspaces): StoreRequest | Refusal {
  const text = argument(request, 2);
  const descriptor = parseWhole(text);
  if (descriptor === undefined || descriptor < 0 || !Number.isSafeInteger(descriptor))
    return notANumber('descriptor', text);
  const workspace = workspaces.referredTo(argument(request, 0), caller.references);
  if (isRefusal(workspace)) return workspace;
  const payload = request.payload ?? argument(request, 3);
  const value = { descriptor, payload, metadata: request.metadata, owner: caller.account };
  return { workspace, name: argument(request, 1), value };
}

const store: Run = (request, caller, workspaces) => {
  const stored = readStore(request, caller, workspaces);
  return isRefusal(stored) ? stored : stored.workspace.store(stored.name, stored.value, caller);
};

/** A store that waits while the fifo is full (V14.2). */
const storeWait: Run = (request, caller, workspaces) => {
  const stored = readStore(request, caller, workspaces);
  if (isRefusal(stored)) return stored;
  const { workspace, name, value } = stored;
  if (workspace.find(name)?.isFull !== true) {
    const outcome = workspace.store(name, value, caller);
    return isRefusal(outcome) ? outcome : { ...STORED_REPLY, ...outcome };
  }
  const waiting = new WaitingStore(caller, request.verb, value);
  return workspace.storeLater(name, waiting) ?? waiting;
};

/** @returns the capacity of a fifo that is declared (V14), if it has one */
function capacityOf({ metadata, args: [, , mode = ''] }: Request): number | undefined | Refusal {
  const text = metadata.get(KEY.capacity);
  if (text === undefined) return undefined;
  const capacity = parseWhole(text);
  if (capacity === undefined || capacity < 1 || !Number.isSafeInteger(capacity))
    return refusal(CAPACITY.notANumber(text));
  return mode === 'fifo' ? capacity : refusal(CAPACITY.notAFifo(mode));
}

/** A listing, which is created in steps. */
function made(
  { budget }: Workspaces,
  { account }: Caller,
  make: (listing: Listing) => Steps<Refusal | undefined>,
  metadataOf?: () => Metadata | undefined,
): Making {
  const listing = new Listing(budget, account);
  return new Making(foundIn(listing, make(listing), metadataOf), () => listing.drop());
}

function* foundIn(
  listing: Listing,
  steps: Steps<Refusal | undefined>,
  metadataOf?: () => Metadata | undefined,
): Steps<Settled> {
  const refused = yield* steps;
  return refused ?? { ...foundPieces(listing), metadata: metadataOf?.() ?? NO_METADATA };
}

/** Work in several steps, unless it is refused. */
const inSteps = (outcome: Refusal | Steps): Refusal | Making =>
  isRefusal(outcome) ? outcome : new Making(outcome);

/** The function of each verb. A missing verb does not compile. */
const RUN: Readonly<Record<VerbName, Run>> = {
  fetch: get({ takes: true, waits: true, iterates: false }),
  find: get({ takes: false, waits: true, iterates: false }),
  fetchTry: get({ takes: true, waits: false, iterates: false }),
  findTry: get({ takes: false, waits: false, iterates: false }),
  ifetch: get({ takes: true, waits: true, iterates: true }),
  ifind: get({ takes: false, waits: true, iterates: true }),
  ifetchTry: get({ takes: true, waits: false, iterates: true }),
  ifindTry: get({ takes: false, waits: false, iterates: true }),
  store,
  storeWait,
  [VERB.openWs]: (request, caller, workspaces) => workspaces.open(opening(request), caller),
  [VERB.useWs]: (request, caller, workspaces) => workspaces.use(opening(request), caller),
  [VERB.deleteWs]: (request, caller, workspaces) => inSteps(workspaces.delete(argument(request, 0), caller)),
  [VERB.mktempWs]: (request, caller, workspaces) => {
    const template = request.args[0] ?? '__ws__%d';
    const name = workspaces.makeTemporary(template, request.metadata, caller);
    return isRefusal(name) ? name : foundText(name);
  },
  [VERB.listWss]: (request, caller, workspaces) =>
    made(workspaces, caller, (listing) => workspaces.list(caller, listing, request.args[0])),
  [VERB.declareVar]: (request, { references, account }, workspaces) => {
    const capacity = capacityOf(request);
    if (isRefusal(capacity)) return capacity;
    const workspace = workspaces.referredTo(argument(request, 0), references);
    if (isRefusal(workspace)) return workspace;
    return workspace.declare(argument(request, 1), argument(request, 2), account, capacity);
  },
  [VERB.deleteVar]: (request, { references }, workspaces) => {
    const workspace = workspaces.referredTo(argument(request, 0), references);
    return isRefusal(workspace) ? workspace : inSteps(workspace.deleteVariable(argument(request, 1)));
  },
  [VERB.listVars]: (request, caller, workspaces) => {
    const workspace = workspaces.referredTo(argument(request, 0), caller.references);
    if (isRefusal(workspace)) return workspace;
    const make = (listing: Listing) => listVariables(workspace, listing);
    const isAskedForJob = request.metadata.get(KEY.job) === '1';
    return made(workspaces, caller, make, () => (isAskedForJob ? workspace.oldSleigh?.metadata : undefined));
  },
  [VERB.take]: take(true),
  [VERB.takeTry]: take(false),
  [VERB.endLease]: (request, caller, workspaces) => {
    const lease = workspaces.leases.heldBy(argument(request, 0), caller);
    if (isRefusal(lease)) return lease;
    const how = argument(request, 1);
    if (how === LEASE_END.done) lease.done();
    else if (how === LEASE_END.back) lease.back();
    else return refusal(LEASE.badEnd(how));
    return undefined;
  },
  [VERB.extendLease]: (request, caller, workspaces) => {
    const milliseconds = leaseTime(argument(request, 1));
    if (isRefusal(milliseconds)) return milliseconds;
    const lease = workspaces.leases.heldBy(argument(request, 0), caller);
    if (isRefusal(lease)) return lease;
    lease.extend(milliseconds);
    return undefined;
  },
  [VERB.openSession]: (request, caller) =>
    caller.openSession(argument(request, 0), argument(request, 1), arrivalOf(request)),
  [VERB.resumeSession]: (request, caller) => caller.resumeSession(argument(request, 0), arrivalOf(request)),
  [VERB.endSession]: (_request, caller) => caller.endSession(),
  [VERB.notePartition]: (request, caller) => caller.notePartition(argument(request, 0)),
  // A server without others has all workspaces (D24).
  [VERB.locateWs]: () => ({ metadata: new Map([[KEY.owner, '']]) }),
  [VERB.deadman]: (_request, caller) => {
    if (!caller.mayStopServer) return MAY_NOT_STOP;
    caller.killsServer = true;
    return undefined;
  },
};

const VERBS: ReadonlyMap<string, Verb> = new Map(
  Object.values(VERB).map((name) => [name, { ...VERB_FORMS[name], run: RUN[name] }]),
);
