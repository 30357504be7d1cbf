import { bottomComponents } from '../../src/verify/explore-job/components.ts';
import { BATCHES } from './facts.ts';
import type { Wrong } from './property.ts';
import { lineOf, type Note } from './reference-ledger.ts';
import type { Step } from './steps.ts';
import type { World } from './world.ts';
import { isShuttingDown } from '../../test/support/phase.ts';

/**
 * Liveness: when faults stop and parties act fairly, every batch settles, every job ends, every blocked get is answered,
 * and every timer that matters fires.
 *
 * The fairness that is assumed:
 * - A party does its duty. A sentinel asks for ranks and for its waking, a worker registers, asks for tasks and answers
 *   them, a master takes results that are there, and shuts the job down when all is settled.
 * - A duty that is possible again and again is done at some time (strong fairness).
 * - Parties are quicker than timers: a timer fires only when no party can do anything that changes the state. Then each
 *   timer that runs fires at some time.
 * - Nobody vanishes, sleeps, fails a task, comes back, reports a death, replaces a worker or deletes the workspace any more.
 *
 * Under this assumption a run of a finite graph ends in a bottom strongly connected component and comes to each of its
 * states again and again. So a state of one in which something is due is a fair cycle without progress, or a halt.
 */
export const LIVENESS =
  'when faults stop and clients act fairly, every batch settles, the job ends, and no client waits forever';

/** Whether a party does this whenever it may. */
export function isDuty({ name, by }: Step, world: World): boolean {
  const party = by === undefined ? undefined : world.parties[by];
  if (party === undefined) return false;
  const what = name.slice(name.indexOf(': ') + 2);
  if (what.startsWith('store worker_ids')) return party.rank === undefined;
  if (what.startsWith('fetch result')) return world.picture.results(what.at(-1)).length > 0;
  switch (what) {
    case 'fetch worker_ids':
    case 'find sentinel_alive':
      return true;
    case 'fetch task':
      return party.rank !== undefined && party.holds === undefined;
    case 'store result':
      return party.holds !== undefined;
    case 'store Sleigh ride over':
      return !isShuttingDown(world.sleigh) && whatIsDue(world) === undefined;
    default:
      return false;
  }
}

/** Whether time alone causes it. */
export const isTimer = ({ name }: Step): boolean => name.startsWith('timer: ');

/** The fair steps of the states that were explored, and what is due in each. */
export class FairSteps {
  readonly #next: number[][] = [];
  readonly #due: (string | undefined)[] = [];
  readonly #stuck: (string | undefined)[] = [];

  /** Notes what is due in a state, which the world is in. */
  expect(state: number, world: World): void {
    this.#due[state] = whatIsDue(world);
    this.#stuck[state] = whoIsStuck(world);
  }

  /**
   * Notes where fair steps lead from a state.
   * @param duties states that duties lead to, other than this one
   * @param timers states that timers lead to, other than this one
   */
  note(state: number, duties: readonly number[], timers: readonly number[]): void {
    this.#next[state] = [...new Set(duties.length > 0 ? duties : timers)];
  }

  /** @returns the first state, in the order of its number, in which something is due for ever */
  check(): { state: number; wrong: Wrong } | undefined {
    let first: { state: number; what: string } | undefined;
    for (const members of bottomComponents(this.#next))
      for (const state of members) {
        const what = this.#due[state] ?? (members.length === 1 ? this.#stuck[state] : undefined);
        if (what !== undefined && state < (first?.state ?? Infinity)) first = { state, what };
      }
    return first && { state: first.state, wrong: { property: LIVENESS, what: first.what } };
  }
}

/** What has to happen still, if something has. */
function whatIsDue(world: World): string | undefined {
  const { book, sleigh, parties, timers } = world;
  const isOver = world.isDeleted || sleigh.shutdown.getSnapshot().value === 'over';
  if (isOver || isShuttingDown(sleigh)) {
    for (const { name, request } of parties)
      if (request !== undefined) return `${name} waits for ${request.variable} of a job that ends`;
    if (!isOver) return 'the job does not end';
    return timers.running.size > 0 ? 'a timer runs after the end of the job' : undefined;
  }
  for (const party of parties) {
    const { name, request } = party;
    if (request === undefined) continue;
    const line = lineOf(party, request, book.isElastic);
    if (line === 'status' || line === 'waitForWorkers') return `${name} waits for ${line}`;
    if (BATCHES.some((batch) => line === `result ${batch}` && world.picture.results(batch).length > 0))
      return `${name} waits for a result that is there`;
  }
  // A group that has not closed, or is elastic, waits for workers as long as nobody asks for its closing (S5, S17).
  if (sleigh.joining.phase !== 'closed' && book.living.size === 0) return undefined;
  for (const note of book.notes.values()) if (!isSettled(world, note)) return `${note.tag} is not settled`;
  return undefined;
}

/** Who is blocked by something that time should end. */
const whoIsStuck = ({ parties, sleigh, isDeleted }: World): string | undefined =>
  isDeleted || isShuttingDown(sleigh)
    ? undefined
    : parties
        .filter(({ request }) => request?.variable === 'sentinel_alive')
        .map(({ name }) => `${name} is never woken`)[0];

function isSettled({ picture }: World, { tag, batch, broadcast, taken, owing }: Note): boolean {
  if (broadcast !== undefined) return owing.size === 0;
  return taken.length > 0 || picture.results(batch).some(({ metadata }) => metadata.get('tag') === tag);
}
