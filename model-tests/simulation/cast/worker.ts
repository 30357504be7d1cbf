import type { Reply } from '../../../src/verify/client-codec.ts';
import type { Ledger, Plan } from './job.ts';
import { ask, isOk, sleep, type Doing, type Entries, type Part } from './player.ts';
import type { Stage } from './stage.ts';

/** The memory of a worker across connections (S18). */
export class Memory {
  readonly rank: number;
  /** Given if it may come back. */
  readonly session: string | undefined;
  /** The number of its current task, or of the one whose result it has sent without a reply. */
  doing: string | undefined;
  hasSentResult = false;
  hasRegistered = false;
  /** It may have been reported, or its sentinel may have disconnected. */
  mayBeDead = false;
  /** It replaces another worker (S19). */
  readonly isReplacement: boolean;
  /** Its sentinel reports its end once: later another worker may have its rank. */
  isReported = false;

  constructor(rank: number, session: string | undefined, isReplacement = false) {
    this.rank = rank;
    this.session = session;
    this.isReplacement = isReplacement;
  }

  /** The metadata of its registration. */
  get claims(): Entries {
    const { session, doing } = this;
    if (session === undefined) return {};
    return { session, ...(doing !== undefined && { doing }) };
  }
}

/** Registers under its rank, fetches tasks and stores results until it is told that there are no more (S3, S7). */
export function* worker(stage: Stage, plan: Plan, ledger: Ledger, memory: Memory): Part {
  const { name, taskSeconds } = plan;
  const { random, faults } = stage.world;
  yield* ask(['use ws', name, '', 'no', 'no']);
  if (!(yield* register(stage, plan, ledger, memory))) return;
  const mayBeAlive = (): boolean => !memory.mayBeDead && plan.frailty === 0;
  for (;;) {
    if (memory.doing === undefined) {
      const task = yield* ask(['fetch', name, 'task']);
      if (!isOk(task)) {
        // If no connection fails, only the sentinel reports deaths: a refused report has changed nothing (S19).
        if (task.reason === 'worker is dead' && mayBeAlive())
          ledger.wrong(`worker ${memory.rank} of ${name} is told that it is dead`);
        break;
      }
      memory.doing = task.metadata['nwsTask'];
      memory.hasSentResult = false;
    }
    yield* sleep(stage.seconds(0, taskSeconds));
    if (faults.may('task skipped') && random.chance(0.02)) {
      faults.note('task skipped');
      memory.doing = undefined;
      continue;
    }
    const value = 'y'.repeat(random.chance(0.1) ? random.whole(5_000, 20_000) : random.whole(0, 200));
    memory.hasSentResult = true;
    const stored = yield* ask(['store', name, 'result', '1', value], { took: '1' });
    memory.doing = undefined;
    // A result that could not be stored, or a worker that was reported dead: its next request shows which.
    if (!isOk(stored)) yield* sleep(1_000);
  }
  yield* ask(['store', name, 'bye', '1', String(memory.rank)]);
}

/**
 * For the first time, or again.
 * @returns whether it was accepted
 */
function* register(
  { world }: Stage,
  { name, frailty }: Plan,
  ledger: Ledger,
  memory: Memory,
): Generator<Doing, boolean, Reply> {
  const { rank, doing, hasSentResult } = memory;
  const registered = yield* ask(['store', name, 'worker_ids', '1', String(rank)], {
    host: `host of ${rank}`,
    ...memory.claims,
  });
  if (!isOk(registered)) {
    // S19: also when the group is closed.
    if (memory.isReplacement && !memory.mayBeDead && frailty === 0 && registered.status === '0001')
      ledger.wrong(`worker ${rank} of ${name} replaces another one and is refused: ${registered.reason}`);
    return false;
  }
  if (!memory.hasRegistered) ledger.registered(rank);
  memory.hasRegistered = true;
  const isBusy = registered.metadata['nwsBusy'] === '1';
  if (isBusy && doing === undefined)
    world.wrongs.push(`worker ${rank} does nothing and is told that it does`);
  if (!isBusy && doing !== undefined && !hasSentResult)
    world.wrongs.push(`worker ${rank} is told that it does nothing in the middle of its task`);
  if (!isBusy) memory.doing = undefined;
  return true;
}
