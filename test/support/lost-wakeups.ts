import { Connection } from '../../src/core/connection.ts';
import type { Core } from '../../src/core/core.ts';
import { Pace } from '../../src/core/pace.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { stateOfWorker } from '../../src/sleigh/agents.ts';
import { openField } from './open-fields.ts';
import { isShuttingDown } from './phase.ts';

// A lost wake-up: something could go on, nothing is under way that will let it, and so it waits for ever.

/** What the outside has been asked for and has not done yet. */
export interface UnderWay {
  /** Whether the core is told when this connection has taken its replies. */
  flush(connection: number): boolean;
  /** Whether the core is told when the large value of this connection is in its file. */
  file(connection: number): boolean;
  /** Whether the core gets its next turn. */
  readonly turn: boolean;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * What waits between two events and will not be woken.
 * @param prods whether each connection also gets an empty piece of input, which changes nothing unless the connection
 *   had something to read or to send
 */
export function lostWakeUps(core: Core, underWay: UnderWay, prods: boolean): string[] {
  const lost: string[] = [];
  if (core.turns.length > 0 && !underWay.turn) lost.push('work waits for a turn that never comes');
  for (const connection of core.connections) {
    const why = stalled(core, connection, underWay);
    if (why !== undefined) lost.push(`${connection.peer} ${why}`);
  }
  for (const { name, variables, plugin } of core.workspaces.all) {
    for (const { name: variable, behaviour } of variables) {
      const { values, fetchers } = behaviour.counts;
      // A fetch that waits takes the next value, whichever it is (V5); variables of a job have their own rules.
      if (plugin === undefined && values > 0 && fetchers > 0)
        lost.push(`${fetchers} fetches of ${name}.${variable} wait, and it has ${values} values`);
    }
    if (plugin instanceof Sleigh) lost.push(...lostInJob(plugin).map((what) => `job ${name}: ${what}`));
  }
  if (prods && lost.length === 0) lost.push(...prodded(core));
  return lost;
}

/** Why a connection is not read from although nothing will change that. */
function stalled(core: Core, connection: Connection, underWay: UnderWay): string | undefined {
  const { id } = connection;
  const waitsFor: unknown = Reflect.get(openField(connection, 'pace', Pace), '$waitsFor');
  if (waitsFor === 'client' && !underWay.flush(id)) return 'waits for a flush that nobody has asked for';
  if ((waitsFor === 'turn' || waitsFor === 'steps') && core.turns.length === 0)
    return 'waits for a turn, and no work is queued';
  const decoder: unknown = Reflect.get(connection, '$decoder');
  const stage: unknown = typeof decoder === 'object' && decoder !== null && Reflect.get(decoder, '$stage');
  if (stage === 'flushing' && !underWay.file(id)) return 'waits for a file that nobody writes';
  return undefined;
}

/** An empty piece of input makes a connection look at what it has. */
function prodded(core: Core): string[] {
  const found: string[] = [];
  for (const { id, peer } of core.connections) {
    const commands = core.handle({ type: 'received', connection: id, bytes: NO_BYTES }, core.clock());
    const first = commands.find(({ type }) => type !== 'trace');
    if (first !== undefined) found.push(`${peer} had input unread or a reply unsent: ${first.type}`);
  }
  return found;
}

/** Gets of a job that wait although it has what they wait for (S8, S9). */
function lostInJob(sleigh: Sleigh): string[] {
  if (isShuttingDown(sleigh)) return [];
  const { crew, work } = sleigh;
  const lost = [...crew.workers]
    .filter((worker) => stateOfWorker(worker) === 'waiting' && work.isAvailableFor(worker))
    .map(({ rank }) => `worker ${rank} waits, and there is a task that it could take`);
  const inboxes = [
    ...[...openField<Map<unknown, { inbox: Inbox }>>(work.batches, 'batches', Map).values()].map(
      ({ inbox }) => inbox,
    ),
    ...openField<Map<unknown, Inbox>>(work.batches, 'mailboxes', Map).values(),
  ];
  for (const { results, waiting } of inboxes)
    if (results.length > 0 && waiting.length > 0) lost.push('a get of results waits, and there is a result');
  return lost;
}
interface Inbox {
  readonly results: { readonly length: number };
  readonly waiting: { readonly length: number };
}
