import type { World } from '../../world/world.ts';
import type { Master } from '../cast/master.ts';
import type { Plan } from '../cast/plan.ts';
import { valueOf } from '../cast/tasks.ts';
import { nameOf, shown, type BatchRecord, type Entry, type Ledger } from './ledger.ts';

interface Evidence {
  readonly world: World;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly master: Master;
}

/** Reports everything that should not have happened. */
export function verdict({ world, plan, ledger, master }: Evidence): void {
  const { wrongs } = world;
  if (!master.process.isDead) {
    wrongs.push('the master has not come to the end of its program');
    for (const batch of ledger.batches)
      if (batch.begun !== undefined && batch.ended === undefined)
        wrongs.push(`batch ${batch.plan.number} is not settled: ${missing(batch).join(', ')}`);
  }
  if (master.startError !== undefined && (plan.isCalm || master.startError instanceof TypeError))
    wrongs.push(`the job did not start: ${shown(master.startError)}`);
  for (const batch of ledger.batches) wrongs.push(...wrongsOf(batch, plan));
  for (const [what, left] of Object.entries(world.leftovers))
    if (left !== 0) wrongs.push(`${left} ${what} are left on the server`);
}

const missing = ({ entries }: BatchRecord): string[] =>
  entries
    .filter(({ outcomes }) => outcomes.length === 0)
    .map(({ element }) => `${element.n} (${element.does})`);

function wrongsOf(batch: BatchRecord, plan: Plan): string[] {
  const {
    plan: { number },
    entries,
    ended,
    error,
    aborted,
    left,
  } = batch;
  const wrongs = entries.flatMap((entry) =>
    entry.outcomes.flatMap((outcome) => {
      const code = 'error' in outcome ? outcome.error.code : 'value';
      const found = 'error' in outcome || outcome.value === valueOf(entry.element) ? code : `another ${code}`;
      return allowed(entry, batch, plan).has(found)
        ? []
        : [`${nameOf(entry.element)}, which does ${entry.element.does}, has the outcome ${found}`];
    }),
  );
  if (ended === undefined || aborted !== undefined || left !== undefined) return wrongs;
  if (error !== undefined) {
    if (plan.isCalm && plan.onDeadWorker !== 'shutdown')
      wrongs.push(`batch ${number} has ended: ${shown(error)}`);
    return wrongs;
  }
  return [...wrongs, ...missing(batch).map((each) => `batch ${number} has ended without element ${each}`)];
}

/** The possible outcomes of an element, by its behaviour. */
function allowed(
  { element, calls }: Entry,
  { plan: { timeout, chunkSize } }: BatchRecord,
  plan: Plan,
): Set<string> {
  const codes = new Set<string>();
  const attempts = plan.onDeadWorker === 'requeue' ? plan.maxAttempts : 1;
  switch (element.does) {
    case 'throw':
    case 'unsendable':
      codes.add('threw');
      break;
    case 'hang':
    case 'never':
      codes.add('timed-out');
      break;
    case 'heed':
      codes.add(element.ms > (timeout ?? Infinity) ? 'timed-out' : 'value');
      break;
    case 'end':
      if (element.times >= attempts) codes.add('worker-died');
      if (element.times < calls.length || !plan.isCalm) codes.add('value');
      break;
    case 'return':
    case 'return much':
    case 'block':
    case 'wait':
    case 'print':
      codes.add('value');
  }
  // An element that may not be called again has the outcome of its chunk.
  const hasCompany = chunkSize !== 'auto' && chunkSize > 1 && plan.onDeadWorker !== 'requeue';
  if (hasCompany) codes.add('worker-died').add('timed-out');
  if (plan.moduleFrom > 0) codes.add('not-loaded');
  if (!plan.isCalm) codes.add('worker-died').add('no-workers').add('timed-out').add('threw').add('not-sent');
  return codes;
}
