import type { RestartBudget } from '../../../src/client/options/respawn.ts';
import type { OnDeadWorker } from '../../../src/client/options/sleigh-options.ts';
import type { Faults, Part } from '../../world/faults.ts';
import type { Random } from '../../world/random.ts';

/** The behaviour of the call for one element. Times are in milliseconds. */
type Behaviour =
  | { readonly does: 'return' }
  /** Blocks the event loop for this long. */
  | { readonly does: 'block'; readonly ms: number }
  /** Takes this long, and ignores its signal. */
  | { readonly does: 'wait'; readonly ms: number }
  /** Takes this long, and ends when it is aborted. */
  | { readonly does: 'heed'; readonly ms: number }
  /** Returns a value that is so large that the server keeps it in a file. */
  | { readonly does: 'return much' }
  | { readonly does: 'throw' }
  /** Returns a value that cannot be sent. */
  | { readonly does: 'unsendable' }
  /** Ends its process in this many of its calls. */
  | { readonly does: 'end'; readonly how: string; readonly times: number }
  /** Computes for ever. */
  | { readonly does: 'hang' }
  /** Waits for ever, and ignores its signal. */
  | { readonly does: 'never' }
  | { readonly does: 'print'; readonly lines: number };

/** An element as it is sent. */
export type Element = Behaviour & { readonly batch: number; readonly n: number };

export interface BatchPlan {
  readonly number: number;
  /** Milliseconds after the job has started. */
  readonly start: number;
  readonly elements: readonly Element[];
  readonly timeout: number | undefined;
  readonly chunkSize: number | 'auto';
  readonly ordered: boolean;
  readonly loadFactor: number;
  /** Milliseconds after its start. */
  readonly abortAfter: number | undefined;
  readonly onAbort: 'ask' | 'kill';
  /** The loop ends after this many outcomes. */
  readonly leaveAfter: number | undefined;
}

export interface LaunchPlan {
  readonly workers: number;
  /** Milliseconds after the job has started. */
  readonly start: number;
  /** Milliseconds after that; undefined: they stay. */
  readonly stopAfter: number | undefined;
}

export interface Plan {
  /** Only elements cause faults: then the outcome of each of them is certain. */
  readonly isCalm: boolean;
  readonly workers: number;
  readonly join: 'closing' | 'elastic';
  readonly onDeadWorker: OnDeadWorker;
  readonly maxAttempts: number;
  readonly reconnectGrace: number | undefined;
  readonly respawn: RestartBudget | false;
  readonly maxTasksPerWorker: number | undefined;
  readonly maxMemory: number | undefined;
  /** Workers load the module before they register. */
  readonly preloads: boolean;
  /** For an elastic group: more workers that are started later, and dismissed again. */
  readonly launches: readonly LaunchPlan[];
  /** Milliseconds after the start of the job at which a function is called on every worker. */
  readonly broadcasts: readonly number[];
  /** Milliseconds after the start of the simulation at which the module of the tasks appears. */
  readonly moduleFrom: number;
  readonly batches: readonly BatchPlan[];
}

/** Milliseconds during which faults occur. */
export const FAULTS_END = 60_000;

const ENDS = ['exit status 1', 'exit status 0', 'signal SIGSEGV', 'signal SIGKILL', 'signal SIGABRT'];

export function planOf(random: Random): Plan {
  const isCalm = random.chance(0.4);
  const onDeadWorker = random.pick<OnDeadWorker>('requeue', 'requeue', 'requeue', 'null', 'shutdown');
  const join = random.pick<Plan['join']>('closing', 'closing', 'elastic');
  const count = random.whole(1, 4);
  return {
    isCalm,
    workers: random.whole(1, 4),
    join,
    onDeadWorker,
    maxAttempts: random.whole(1, 4),
    reconnectGrace: random.chance(0.3) ? random.whole(2, 20) : undefined,
    respawn: respawnOf(random, isCalm),
    maxTasksPerWorker: random.chance(0.2) ? random.whole(1, 20) : undefined,
    maxMemory: random.chance(0.2) ? random.whole(5, 50) : undefined,
    preloads: random.chance(0.2),
    launches: join === 'elastic' ? launchesOf(random) : [],
    broadcasts: random.chance(0.3) ? [random.whole(0, 10_000), random.whole(0, 10_000)] : [],
    moduleFrom: !isCalm && random.chance(0.2) ? random.whole(0, 20_000) : 0,
    batches: Array.from({ length: count }, (_, number) => batchOf(random, number)),
  };
}

function launchesOf(random: Random): LaunchPlan[] {
  return Array.from({ length: random.whole(0, 2) }, () => ({
    workers: random.whole(1, 3),
    start: random.whole(0, 20_000),
    stopAfter: random.chance(0.5) ? random.whole(0, 20_000) : undefined,
  }));
}

function respawnOf(random: Random, isCalm: boolean): Plan['respawn'] {
  if (!isCalm && random.chance(0.1)) return false;
  const maxDelay = random.whole(100, 3_000);
  return { restarts: random.whole(0, 10), within: random.whole(1_000, 20_000), maxDelay };
}

function batchOf(random: Random, number: number): BatchPlan {
  const timeout = random.chance(0.5) ? random.whole(50, 3_000) : undefined;
  const abortAfter = random.chance(0.3) ? random.whole(0, 8_000) : undefined;
  const length = random.chance(0.2) ? random.whole(50, 300) : random.whole(0, 40);
  const trouble = random.chance(0.5) ? random.fraction() * 0.4 : 0;
  const mayBeEndless = timeout !== undefined || abortAfter !== undefined;
  return {
    number,
    start: random.chance(0.5) ? 0 : random.whole(0, 30_000),
    elements: Array.from({ length }, (_, n) => ({
      batch: number,
      n,
      ...(random.chance(trouble) ? troublesome(random, mayBeEndless) : usual(random, timeout)),
    })),
    timeout,
    chunkSize: random.pick<number | 'auto'>('auto', 'auto', 1, random.whole(2, 8)),
    ordered: random.chance(0.5),
    loadFactor: random.pick(1, 2, 8),
    abortAfter,
    onAbort: random.pick<'ask' | 'kill'>('ask', 'kill'),
    leaveAfter: random.chance(0.1) ? random.whole(0, length) : undefined,
  };
}

/** Well within the timeout, whatever else its process does. */
function usual(random: Random, timeout = Infinity): Behaviour {
  const ms = Math.floor(Math.min(timeout / 4, random.pick(1, 5, 50, 400)) * random.fraction());
  return random.pick<Behaviour>(
    { does: 'return' },
    { does: 'return' },
    { does: 'return' },
    { does: 'block', ms },
    { does: 'wait', ms },
    { does: 'heed', ms },
    { does: 'print', lines: random.whole(1, 5) },
    { does: random.chance(0.3) ? 'return much' : 'return' },
  );
}

function troublesome(random: Random, mayBeEndless: boolean): Behaviour {
  const how = random.pick('signal SIGKILL', ...ENDS);
  if (mayBeEndless && random.chance(0.4))
    return random.pick<Behaviour>({ does: 'hang' }, { does: 'never' }, { does: 'heed', ms: 1e9 });
  return random.pick<Behaviour>(
    { does: 'throw' },
    { does: 'unsendable' },
    { does: 'print', lines: 200 },
    { does: 'end', how, times: 1e9 },
    { does: 'end', how, times: random.whole(1, 3) },
  );
}

const BATCHES: readonly Part[] = ['first batch', 'second batch', 'third batch', 'fourth batch'];
/** How many elements a batch has without the later ones. */
const FEW = 4;

/** The plan without what is left out of the seed. */
export function reduced(plan: Plan, faults: Faults): Plan {
  const length = faults.has('later elements') ? Infinity : FEW;
  return {
    ...plan,
    launches: faults.has('more launches') ? plan.launches : [],
    broadcasts: faults.has('broadcasts') ? plan.broadcasts : [],
    batches: plan.batches.map((batch, n) => ({
      ...batch,
      elements: faults.has(BATCHES[n] ?? 'first batch') ? batch.elements.slice(0, length) : [],
    })),
  };
}
