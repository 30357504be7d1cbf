import type { Core } from '../../src/core/core.ts';
import { Connection } from '../../src/core/connection.ts';
import { stateOfWorker, type Worker } from '../../src/sleigh/agents.ts';
import { Registrations } from '../../src/sleigh/registrations.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { References } from '../../src/workspace/references.ts';
import { openField } from './open-fields.ts';
import { collectionsOf, pathTo, reachable, type Found } from './reachable.ts';

/**
 * What may stay when nobody is there: counters of what has been, which have an entry for each verb, each limit and each
 * state of a machine.
 */
const COUNTERS: ReadonlySet<string> = new Set(['figures', 'stories']);

const isNoCounter = ({ by, from }: Found): boolean => !(COUNTERS.has(by) && from?.from === undefined);

/** How much each collection of a core holds, by the way to it. */
export type Contents = ReadonlyMap<string, number>;

export const contentsOf = (core: Core): Contents => collectionsOf(core, isNoCounter);

/**
 * What a core holds more than one that nobody has used, when all clients have gone and all workspaces are deleted.
 * @returns the collections that are too large, and by how much
 */
export function leftIn(core: Core, unused: Contents): string[] {
  return [...contentsOf(core)]
    .map(([path, size]): [string, number] => [path, size - (unused.get(path) ?? 0)])
    .filter(([, more]) => more > 0)
    .map(([path, more]) => `${path} has ${more} more`);
}

/** A dead worker and a dead sentinel keep their client, whose address reports show (S12). */
const isAgent = (object: object): boolean => 'rank' in object || 'workers' in object;

const isDeleted = (object: object): boolean =>
  (object instanceof Workspace && object.deleted) || (object instanceof Sleigh && object.workspace.deleted);

/**
 * What still refers to clients that have gone, or to deleted workspaces and their jobs, while others go on. A
 * reference of a connection keeps denoting a deleted workspace (W5).
 * @returns the ways to it
 */
export function staleIn(core: Core): string[] {
  const connected = new Set(core.connections);
  const isGone = (object: object): boolean => object instanceof Connection && !connected.has(object);
  const mayStay = ({ object, from, by }: Found): boolean =>
    isGone(object)
      ? by === 'client' && from !== undefined && isAgent(from.object)
      : object instanceof Workspace && from?.from?.object instanceof References;
  const all = reachable(core, ({ object }) => !isGone(object));
  const stale = all
    .filter((found) => (isGone(found.object) || isDeleted(found.object)) && !mayStay(found))
    .map((found) => `${pathTo(found)} is ${isGone(found.object) ? 'a client that has gone' : 'deleted'}`);
  return [
    ...stale,
    ...all.flatMap(({ object }) => (object instanceof Registrations ? wronglyLost(object) : [])),
  ];
}

/** Workers that are remembered as lost and are not: they have come back, or have ended (S18). */
const wronglyLost = (registrations: Registrations): string[] =>
  [...openField<Set<Worker>>(registrations, 'lost', Set)]
    .filter((worker) => stateOfWorker(worker) !== 'disconnected')
    .map((worker) => `worker ${worker.rank} is remembered as lost and is ${stateOfWorker(worker)}`);
