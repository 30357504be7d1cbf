import type { ActorOf } from '../actors/actor.ts';
import type { sentinelMachine } from '../machines/sentinel.ts';
import type { workerMachine } from '../machines/worker.ts';
import type { WorkerEnd } from '../machines/worker-end.ts';
import type { Metadata } from '../wire/payload.ts';
import type { PendingGet, Client } from '../workspace/pending-get.ts';
import type { Reader, Task } from './tasks.ts';

/** What goes with a worker's chart: kept here, since copying it in a context would cost at every event. */
export interface Worker extends Reader {
  readonly rank: number;
  readonly sentinel: Sentinel;
  readonly actor: ActorOf<typeof workerMachine>;
  /** Set by its registration. */
  client: Client | undefined;
  /** What it works on; a worker is busy exactly when it has one. */
  task: Task | undefined;
  /** When its task was given to it, in milliseconds. */
  busySince: number;
  registeredAt: number;
  /** Where it runs: as it said when it registered, else the address that it came from. */
  host: string;
  completed: number;
  /** Milliseconds that it was busy in all, the current task left out. */
  busyTime: number;
  /** The number that the next broadcast had when it ended. */
  endedAt: number;
  /** Broadcasts below that number were answered for by those who had the rank before it (S19). */
  readonly firstBroadcast: number;
  /** How it ended, as its sentinel reported (S19). */
  end: WorkerEnd | undefined;
  /** Who had the rank before it (S19). */
  readonly former: Former | undefined;
  /** The metadata that its last result was given, and what that was made of: mostly that of the next is the same. */
  overlay: { readonly task: Metadata; readonly result: Metadata; readonly made: Metadata } | undefined;
  /** What it waits in, for a task or for a result. */
  ask: PendingGet | undefined;
  /** When it came to the state that it is in, in the order of all such changes. */
  since: number;
  /** By which it proves who it is when it comes back; set by its registration (S18). */
  session: string | undefined;
  /** The number of the task that it was given last (S18). */
  taskNumber: number;
}

/** What is remembered of the workers that had a rank before (S19). */
export interface Former {
  /** How many there were. */
  readonly count: number;
  /** The state in which the last of them ended. */
  readonly state: string;
  readonly end: WorkerEnd | undefined;
  /** By which the last of them would show that it has come back. */
  readonly session: string | undefined;
}

/** What remains of a worker when it is replaced (S19). */
export const formerOf = (worker: Worker): Former => ({
  count: (worker.former?.count ?? 0) + 1,
  state: stateOfWorker(worker),
  end: worker.end,
  session: worker.session,
});

/** Of a rank that is given out: nobody has registered under it. @param replaced who had it before */
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
  ask: undefined,
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

/** The number of the first broadcast that neither it answers nor those who had its rank before; infinite while it is there. */
export const answersUpTo = ({ client, endedAt, firstBroadcast }: Worker): number =>
  client === undefined ? firstBroadcast : endedAt;

export interface Sentinel {
  readonly id: number;
  readonly client: Client;
  readonly actor: ActorOf<typeof sentinelMachine>;
  readonly workers: Set<Worker>;
  /** By which it proves that it is the one that supervises its workers, where it does (S19). */
  readonly session: string | undefined;
  /** What it waits in, while it is blocked. */
  ask: PendingGet | undefined;
  since: number;
}

/** Whether the worker has registered and has neither died nor left. */
export const isRegistered = ({ actor }: Worker): boolean => typeof actor.getSnapshot().value === 'object';

/** The innermost state that the worker is in. */
export const stateOfWorker = ({ actor }: Worker): string => {
  const { value } = actor.getSnapshot();
  return typeof value === 'object' ? value.registered : value;
};

export const stateOfSentinel = ({ actor }: Sentinel): string => actor.getSnapshot().value;
