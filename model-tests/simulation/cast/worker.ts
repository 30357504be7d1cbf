import type { Ledger, Plan } from './job.ts';
import { ask, isOk, sleep, type Part } from './player.ts';
import type { Stage } from './stage.ts';

/** Registers under its rank, takes tasks and stores results until it is told that there will be no more (S3, S7). */
export function* worker(stage: Stage, plan: Plan, ledger: Ledger, rank: number): Part {
  const { name, taskSeconds } = plan;
  const { random, faults } = stage.world;
  yield* ask(['use ws', name, '', 'no', 'no']);
  const registered = yield* ask(['store', name, 'worker_ids', '1', String(rank)], {
    host: `host of ${rank}`,
  });
  if (!isOk(registered)) return;
  ledger.registrations.set(rank, (ledger.registrations.get(rank) ?? 0) + 1);
  for (;;) {
    const task = yield* ask(['fetch', name, 'task']);
    if (!isOk(task)) break;
    yield* sleep(stage.seconds(0, taskSeconds));
    if (!faults.over && random.chance(0.02)) {
      faults.note('task skipped');
      continue;
    }
    const value = 'y'.repeat(random.chance(0.1) ? random.whole(5_000, 20_000) : random.whole(0, 200));
    const stored = yield* ask(['store', name, 'result', '1', value], { took: '1' });
    // A result that could not be kept, or a worker that was reported dead: what it asks next tells.
    if (!isOk(stored)) yield* sleep(1_000);
  }
  yield* ask(['store', name, 'bye', '1', String(rank)]);
}
