import { Host } from './host.ts';
import type { Ledger, Plan } from './job.ts';
import { ask, isOk, sleep, type Part } from './player.ts';
import type { Stage } from './stage.ts';

/** A launcher on a host: gets ranks, starts a worker for each, and stops them when the job ends (S2, S9, S14). */
export function* sentinel(stage: Stage, plan: Plan, ledger: Ledger): Part {
  const host = new Host(stage, plan, ledger);
  try {
    yield* launch(stage, plan, host);
  } finally {
    host.goesDown();
  }
  // Its workers are processes of its host: they usually end with it.
  for (const { link, isOver } of host.workers) if (!isOver && stage.world.random.chance(0.8)) link.reset();
}

function* launch(stage: Stage, plan: Plan, host: Host): Part {
  const { random, faults } = stage.world;
  const { name, frailty, isSupervised } = plan;
  for (let tries = 0; ; tries++) {
    const used = yield* ask(['use ws', name, '', 'no', 'no']);
    if (isOk(used)) break;
    if (tries === 30) return;
    yield* sleep(stage.seconds(1, 10));
  }
  for (let n = 0; n < plan.ranksPerHost; n++) {
    const got = yield* ask(['fetch', name, 'worker_ids'], host.claims);
    const rank = Number(got.value);
    if (!isOk(got) || rank < 0) break;
    stage.later(stage.seconds(0, 10), () => host.begin(rank));
    // With a supervising sentinel, a second process would be taken for the replacement.
    if (!isSupervised && faults.may('twin connection') && random.chance(frailty * 0.3))
      stage.later(stage.seconds(0, 10), () => {
        faults.note('twin connection');
        host.begin(rank, 'twin');
      });
    if (faults.may('false report of death') && random.chance(frailty * 0.2))
      stage.later(stage.seconds(0, 600), () => stage.enter('reporter', reporter(stage, plan, rank), 0));
    if (isSupervised && random.chance(0.2))
      stage.later(stage.seconds(0, 600), () => stage.enter('stranger', host.reportNonsense(rank), 0));
  }
  for (;;) {
    const alive = yield* ask(['fetch', name, 'sentinel_alive']);
    if (!isOk(alive) || alive.value === '1') break;
    for (const { isOver, isDone } of host.workers)
      if (isOver && !isDone && random.chance(0.1)) yield* ask(['findTry', name, 'agentStatus']);
  }
  host.goesDown();
  yield* sleep(stage.seconds(0, 5));
}

/** Reports a worker as dead, which may be wrong (S13). */
function* reporter(stage: Stage, { name }: Plan, rank: number): Part {
  const used = yield* ask(['use ws', name, '', 'no', 'no']);
  if (!isOk(used)) return;
  if (!stage.world.faults.over) stage.world.faults.note('false report of death');
  yield* ask(['store', name, 'worker_dead', '1', String(rank)]);
}
