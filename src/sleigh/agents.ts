import { hasTag, type ActorOf } from '../actors/actor.ts';
import type { Field, Fields } from '../store/change.ts';
import type { sentinelMachine, SentinelState } from '../machines/sentinel.ts';
import type { workerMachine } from '../machines/worker.ts';
import type { WorkerEnd } from '../machines/worker-end.ts';
import type { Metadata } from '../wire/payload.ts';
import type { PendingGet, Client, Found } from '../workspace/pending-get.ts';
import { KEY } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import type { Reader, Task } from './task.ts';

/**
 * The data of a worker beside its machine. They are not in its context, because copying them at every event would be
 * expensive.
 */
export interface Worker extends Reader {
  readonly rank: number;
  readonly sentinel: Sentinel;
  readonly actor: ActorOf<typeof workerMachine>;
  /** Set by its registration. */
  client: Client | undefined;
  /** Its current task. A worker is busy exactly when it has one. */
  task: Task | undefined;
  /** When its task was given to it, in milliseconds. */
  busySince: number;
  registeredAt: number;
  /** From its registration, or else the address of its connection. */
  host: string;
  completed: number;
  /** Milliseconds that it was busy, without the current task. */
  busyTime: number;
  /** The number of the next broadcast at the time when it ended. */
  endedAt: number;
  /** Broadcasts below that number belong to earlier workers of the rank (S19). */
  readonly firstBroadcast: number;
  /** How it ended, as its sentinel reported (S19). */
  end: WorkerEnd | undefined;
  /** The earlier workers of the rank (S19). */
  readonly former: Former | undefined;
  /** The metadata of its last result, and their sources. The next result often has the same. */
  overlay: { readonly task: Metadata; readonly result: Metadata; readonly made: Metadata } | undefined;
  /** Its blocked request, for a task or for a result. */
  pendingGet: PendingGet | undefined;
  /** The position of its last change of state, in the order of all such changes. */
  since: number;
  /** The secret that identifies it when it comes back; set by its registration (S18). */
  session: string | undefined;
  /** The number of its last task (S18). */
  taskNumber: number;
}

/** The earlier workers of a rank (S19). */
export interface Former {
  /** Their number. */
  readonly count: number;
  /** The state in which the last of them ended. */
  readonly state: string;
  readonly end: WorkerEnd | undefined;
  /** The session of the last of them. */
  readonly session: string | undefined;
}

/** The record of a worker that is replaced (S19). */
export const formerOf = (worker: Worker): Former => ({
  count: (worker.former?.count ?? 0) + 1,
  state: stateOfWorker(worker),
  end: worker.end,
  session: worker.session,
});

/**
 * A worker for a rank that was given out and has not registered.
 * @param replaced the earlier worker of the rank
 */
export const newWorker = (
  rank: number,
  sentinel: Sentinel,
  actor: Worker['actor'],
  replaced?: Worker,
): Worker => ({
  rank,
  sentinel,
  actor,
  client: undefined,
  pendingGet: undefined,
  task: undefined,
  overlay: undefined,
  retry: undefined,
  nextBroadcast: 0,
  nextLasting: 0,
  lastingBefore: 0,
  session: undefined,
  taskNumber: 0,
  busySince: 0,
  registeredAt: 0,
  completed: 0,
  busyTime: 0,
  host: '',
  endedAt: Number.POSITIVE_INFINITY,
  firstBroadcast: replaced === undefined ? 0 : answersUpTo(replaced),
  end: undefined,
  former: replaced && formerOf(replaced),
  since: 0,
});

/**
 * The number of the first broadcast that neither it nor earlier workers of its rank answer; infinite while it is
 * registered.
 */
export const answersUpTo = ({ client, endedAt, firstBroadcast }: Worker): number =>
  client === undefined ? firstBroadcast : endedAt;

/**
 * A task that is given: with the number by which its worker may come back to it (S18), and with the number of this
 * attempt, if its master counts them (S26).
 */
export function numbered(worker: Worker, { attempts }: Task, found: Found): Found {
  worker.taskNumber++;
  const first = attempts > 1 ? parseWhole(found.metadata.get(KEY.attempt) ?? '') : undefined;
  if (worker.session === undefined && first === undefined) return found;
  const metadata = new Map(found.metadata);
  if (worker.session !== undefined) metadata.set(KEY.taskNumber, String(worker.taskNumber));
  if (first !== undefined) metadata.set(KEY.attempt, String(first + attempts - 1));
  return { ...found, metadata };
}

export interface Sentinel {
  readonly id: number;
  readonly client: Client;
  readonly actor: ActorOf<typeof sentinelMachine>;
  readonly workers: Set<Worker>;
  /** The secret of a sentinel that supervises its workers (S19). */
  readonly session: string | undefined;
  /** What it waits in, while it is blocked. */
  pendingGet: PendingGet | undefined;
  since: number;
}

export const newSentinel = (
  id: number,
  { client, actor, session }: Pick<Sentinel, 'client' | 'actor' | 'session'>,
): Sentinel => ({
  id,
  client,
  actor,
  session,
  workers: new Set(),
  pendingGet: undefined,
  since: 0,
});

/** Whether its machine is in a final state. It takes no events then, and the supervisor answers for it. */
export const hasEnded = ({ actor }: Pick<Worker, 'actor'> | Pick<Sentinel, 'actor'>): boolean =>
  actor.getSnapshot().status === 'done';

/** Whether the worker is registered, and its connection has not closed. */
export const isConnected = (worker: Worker): boolean =>
  isRegistered(worker) && stateOfWorker(worker) !== 'disconnected';

/** Whether the worker has registered and has neither died nor left. */
export const isRegistered = ({ actor }: Worker): boolean => hasTag(actor, 'isRegistered');

/** Whether somebody may still register as that worker. */
export const isAwaited = ({ actor }: Worker): boolean => {
  const { status, value } = actor.getSnapshot();
  return status === 'active' && typeof value === 'string';
};

/** What a registration comes to that names the rank of that worker. */
export const rankStateOf = (worker: Worker): 'registered' | 'replacing' | 'reserved' | 'ended' => {
  const { status, value } = worker.actor.getSnapshot();
  if (status === 'done') return 'ended';
  if (typeof value === 'object') return 'registered';
  return value === 'replacing' ? 'replacing' : 'reserved';
};

/** The innermost state that the worker is in. */
export const stateOfWorker = ({ actor }: Worker): string => {
  const { value } = actor.getSnapshot();
  return typeof value === 'object' ? value.registered : value;
};

/** The state of its actor, for its record. */
export function recordedStateOf({ actor }: { readonly actor: RecordedActor }): Fields {
  const { value, context } = actor.getSnapshot();
  return { value, context: { ...context } };
}

interface RecordedActor {
  getSnapshot(): { readonly value: Field; readonly context: object };
}

export const stateOfSentinel = ({ actor }: Sentinel): SentinelState => actor.getSnapshot().value;
