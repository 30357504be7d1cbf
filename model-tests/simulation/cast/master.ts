import type { Reply } from '../../../src/verify/client-codec.ts';
import { copiesToldIn, type Ledger, type Plan } from './job.ts';
import { ask, isOk, sleep, type Doing, type Part } from './player.ts';
import type { Stage } from './stage.ts';

const LARGE = 9_000;

/** Thrown when the server reports that the sleigh is dead. */
class Over extends Error {}

type Step<T> = Generator<Doing, T, Reply>;

/** Submits tasks and broadcasts, fetches every due result, and ends the job (S7, S8, S14). */
export function* master(stage: Stage, plan: Plan, ledger: Ledger): Part {
  const options = {
    wstype: 'sleigh',
    onDeadWorker: plan.policy,
    maxAttempts: String(plan.maxAttempts),
    rankCount: String(plan.rankCount),
    join: plan.join,
    reconnectGrace: String(plan.reconnectGrace),
  };
  const opened = yield* ask(['open ws', plan.name, 'master', plan.persistent ? 'yes' : 'no'], options);
  if (!isOk(opened)) throw new Error(`the job cannot be opened: ${opened.reason}`);
  try {
    yield* work(stage, plan, ledger);
    ledger.outcome = 'served';
  } catch (error) {
    if (!(error instanceof Over)) throw error;
    ledger.outcome = 'told that it is over';
  }
  yield* ask(['store', plan.name, 'Sleigh ride over', '1', '1']);
  yield* sleep(stage.seconds(0, 30));
  if (stage.world.random.chance(0.5)) yield* ask(['delete ws', plan.name]);
}

function* work(stage: Stage, plan: Plan, ledger: Ledger): Step<void> {
  const { random } = stage.world;
  const isEarly = random.chance(0.5);
  if (isEarly) yield* submitAll(stage, plan, ledger);
  yield* sleep(stage.seconds(0, 60));
  const { name } = plan;
  if (random.chance(0.3))
    yield* ask(['fetch', name, 'waitForWorkers'], { delay: String(random.whole(0, 90)) });
  const registered = yield* ask(['find', name, 'status'], { delay: String(random.whole(0, 60)) });
  const expected = yield* ask(['find', name, 'workerCount']);
  // Under `shutdown` nobody answers for ranks that never registered, and a death ends it all (S13), but for supervised ones (S19).
  const countsAbsent = plan.policy !== 'shutdown' || plan.isSupervised;
  const due = Math.max(Number((countsAbsent ? expected : registered).value), 0);
  if (!isEarly) yield* submitAll(stage, plan, ledger);
  for (let n = 0; n < plan.broadcasts; n++) {
    const id = `broadcast ${n}`;
    const stored = yield* submit(stage, plan, { variable: 'broadcast', batchId: `all-${n}`, id });
    ledger.accepted(id, copiesToldIn(stored) ?? due);
    while (ledger.left(id) > 0) yield* collect(plan, ledger, `all-${n}`);
  }
  for (let batch = 0; batch < plan.batches; batch++)
    for (let n = 0; n < plan.tasksPerBatch; n++) {
      yield* collect(plan, ledger, String(batch));
      if (random.chance(0.1)) yield* sleep(stage.seconds(0, 30));
    }
  // No result is left: a later one would be a second answer.
  for (let batch = 0; batch < plan.batches; batch++) {
    const more = yield* ask(['fetchTry', name, 'result'], { batchId: String(batch) });
    if (isOk(more)) ledger.answered(more);
  }
  // Except for copies of broadcasts, whose number is in the results (S17).
  for (let n = 0; n < plan.broadcasts; n++)
    for (;;) {
      while (ledger.left(`broadcast ${n}`) > 0) yield* collect(plan, ledger, `all-${n}`);
      const more = yield* ask(['fetchTry', name, 'result'], { batchId: `all-${n}` });
      if (!isOk(more)) break;
      ledger.answered(more);
    }
}

function* submitAll(stage: Stage, plan: Plan, ledger: Ledger): Step<void> {
  for (let batch = 0; batch < plan.batches; batch++)
    for (let n = 0; n < plan.tasksPerBatch; n++) {
      const id = `task ${batch}.${n}`;
      yield* submit(stage, plan, { variable: 'task', batchId: String(batch), id });
      ledger.accepted(id, 1);
    }
}

interface Work {
  readonly variable: 'task' | 'broadcast';
  readonly batchId: string;
  readonly id: string;
}

/** Until it is stored: a disk may be full for a while. */
function* submit(stage: Stage, { name, join }: Plan, { variable, batchId, id }: Work): Step<Reply> {
  const { random } = stage.world;
  const reach =
    variable === 'broadcast' && join === 'elastic' ? { reach: random.pick('present', 'all') } : {};
  for (;;) {
    const value = 'x'.repeat(random.chance(0.1) ? LARGE : random.whole(0, 100));
    const reply = yield* ask(['store', name, variable, '1', value], { batchId, id, ...reach });
    if (isOk(reply)) return reply;
    if (!reply.reason.includes('could not be kept')) throw new Over(reply.reason);
    yield* sleep(1_000);
  }
}

function* collect({ name }: Plan, ledger: Ledger, batchId: string): Step<Reply> {
  const reply = yield* ask(['fetch', name, 'result'], { batchId });
  if (!isOk(reply)) throw new Over(reply.reason);
  ledger.answered(reply);
  return reply;
}
