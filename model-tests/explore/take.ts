import { stateOfWorker } from '../../src/sleigh/agents.ts';
import { isShuttingDown } from '../../test/support/phase.ts';
import { whatIsWrong } from './properties.ts';
import type { Before, Wrong } from './property.ts';
import { ProjectionLaw } from './reloading.ts';
import { stateKey } from './state-key.ts';
import type { Step } from './steps.ts';
import type { World } from './world.ts';

const REFUSED = 'a refused request changes nothing';

/** What a step led to, and what is wrong there. */
interface Taken {
  readonly key: string;
  readonly wrong: Wrong | undefined;
}

/** Runs a step, and updates the ledger as `take` does. Nothing is checked. */
export function run(world: World, step: Step): void {
  const before = begin(world);
  step.run(world);
  noteStep(world, before);
  noteState(world);
}

/**
 * Runs a step and checks the state that it leads to.
 * @param isStoreChecked whether the changes of the step are compared with what it did
 */
export function take(
  world: World,
  step: Step,
  keyBefore: string,
  { isStoreChecked = false }: { readonly isStoreChecked?: boolean } = {},
): Taken {
  const law = isStoreChecked ? new ProjectionLaw(world) : undefined;
  const before = begin(world);
  if (law !== undefined) world.recordChanges();
  const by = step.by === undefined ? undefined : world.parties[step.by];
  try {
    step.run(world);
  } catch (error) {
    return { wrong: { property: 'no step fails', what: String(error) }, key: '' };
  }
  const changes = law === undefined ? [] : world.takeChanges();
  noteStep(world, before);
  const key = stateKey(world);
  const isRefused = by?.reply !== undefined && 'refused' in by.reply;
  const wrong =
    isRefused && key !== keyBefore && step.actsWhenRefused?.(world) !== true
      ? { property: REFUSED, what: `${keyBefore} became ${key}` }
      : (whatIsWrong(world, { name: step.name, before }, key !== keyBefore) ?? law?.broken(world, changes));
  noteState(world);
  return { key, wrong };
}

function begin({ book }: World): Before {
  book.begin();
  return { isClosed: book.isClosed, isShuttingDown: book.isShuttingDown };
}

/** Notes what the step did that the replies do not tell. After a crash the job is another one. */
function noteStep({ sleigh, book, isDeleted }: World, before: Before): void {
  if (!isDeleted && sleigh.joining.phase === 'closed') book.closed(sleigh.joining.context.maximum);
  if (isShuttingDown(sleigh) && !before.isShuttingDown) book.shutsDown();
}

/** Notes the state that the next step is compared with. */
function noteState({ sleigh, book }: World): void {
  book.isShuttingDown = isShuttingDown(sleigh);
  for (const worker of sleigh.crew.workers) {
    const state = stateOfWorker(worker);
    if (ENDS.has(state)) book.ended.set(worker.rank, state);
  }
}

const ENDS = new Set(['dead', 'left', 'deadbeat']);
