import type { Ledger, Plan } from './job.ts';
import { ask, isOk, sleep, type Part, type Player } from './player.ts';
import type { Stage } from './stage.ts';
import { Memory, worker } from './worker.ts';

/** A launcher on a host: gets ranks, starts a worker for each, and ends them when the job is over (S2, S9, S14). */
export function* sentinel(stage: Stage, plan: Plan, ledger: Ledger): Part {
  const { random, faults } = stage.world;
  const { name, frailty } = plan;
  for (let tries = 0; ; tries++) {
    const used = yield* ask(['use ws', name, '', 'no', 'no']);
    if (isOk(used)) break;
    if (tries === 30) return;
    yield* sleep(stage.seconds(1, 10));
  }
  const workers: Player[] = [];
  let hostIsDown = false;
  const frailtyOfWorkers = plan.reconnectGrace > 0 ? Math.min(2 * frailty, 0.8) : frailty;
  for (let n = 0; n < plan.ranksPerHost; n++) {
    const got = yield* ask(['fetch', name, 'worker_ids']);
    const rank = Number(got.value);
    if (!isOk(got) || rank < 0) break;
    const start = (memory: Memory): void => {
      const player = stage.enter(
        `worker ${rank} of ${name}`,
        worker(stage, plan, ledger, memory),
        frailtyOfWorkers,
      );
      workers.push(player);
      if (memory.session !== undefined) player.onLost = () => comeBack(memory);
    };
    const comeBack = (memory: Memory): void => {
      // Its process has gone, too.
      if (random.chance(0.15)) return;
      const soon = Math.min(plan.reconnectGrace, 5);
      stage.later(stage.seconds(0, random.chance(0.8) ? soon : 1.2 * plan.reconnectGrace), () => {
        if (hostIsDown) return;
        faults.note('worker comes back');
        start(memory);
      });
    };
    const begin = (session: string): void =>
      start(new Memory(rank, plan.reconnectGrace > 0 ? session : undefined));
    stage.later(stage.seconds(0, 10), () => begin('first'));
    if (!faults.over && random.chance(frailty * 0.3))
      stage.later(stage.seconds(0, 10), () => {
        faults.note('twin connection');
        begin('twin');
      });
    if (!faults.over && random.chance(frailty * 0.2))
      stage.later(stage.seconds(0, 600), () => stage.enter('reporter', reporter(stage, plan, rank), 0));
  }
  for (;;) {
    const alive = yield* ask(['fetch', name, 'sentinel_alive']);
    if (!isOk(alive) || alive.value === '1') break;
    for (const { isOver, isDone } of workers)
      if (isOver && !isDone && random.chance(0.1)) yield* ask(['findTry', name, 'agentStatus']);
  }
  yield* sleep(stage.seconds(0, 5));
  // Its workers are processes of its host: they end with it, most of the time.
  hostIsDown = true;
  for (const { link, isOver } of workers) if (!isOver && random.chance(0.8)) link.reset();
}

/** Says that a worker is dead, which it may not be (S13). */
function* reporter(stage: Stage, { name }: Plan, rank: number): Part {
  const used = yield* ask(['use ws', name, '', 'no', 'no']);
  if (!isOk(used)) return;
  if (!stage.world.faults.over) stage.world.faults.note('false report of death');
  yield* ask(['store', name, 'worker_dead', '1', String(rank)]);
}
