import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import type { Change, Entity, Kind } from '../../src/store/change.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { RecordReader } from '../../src/store/record.ts';
import { ServerAccounting } from '../../src/workspace/storage-accounting.ts';
import type { Host } from '../../src/workspace/host.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { differences, withoutNewIds } from '../../test/support/projection.ts';
import type { Wrong } from './property.ts';
import { SimTimers } from './sim-timers.ts';
import type { World } from './world.ts';

export const PROJECTION = 'after each event the store has exactly what the job says that survives it (D3)';
const TWICE = 'recovering twice equals once (D4)';
export const CLOSED = 'a recovered job is the stored one, and then every connection has closed (D4)';
const SAME = 'a job that is loaded from its records has the same records (D8)';

/**
 * Loads a second job from the records of the one that is explored, as the server does after a restart.
 * @returns what the second job does not have, or has too much
 */
export function lostByLoading(world: World): Wrong | undefined {
  const { sleigh, workspace, cast, make, isDeleted } = world;
  if (isDeleted) return undefined;
  const accounting = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
  const host: Host = {
    ...workspace.host,
    accounting,
    timers: new SimTimers(),
    changes: new ChangeRecorder(),
    // The clients of the first job must not learn of the second.
    clientOf: () => undefined,
  };
  const { name, number } = workspace;
  const empty = new Workspace(name, host, { number, isLoaded: true });
  const loaded = make(empty, cast);
  const records = [...sleigh.entities()];
  loaded.load(records);
  // It records nothing before it has taken up everything.
  empty.record.begin();
  return found(SAME, withoutDroppedCopies(records), loaded.entities());
}

function found(property: string, wanted: readonly Entity[], entities: Iterable<Entity>): Wrong | undefined {
  const different = differences(wanted, entities);
  return different.length === 0 ? undefined : { property, what: different.join('; ') };
}

/**
 * A server crashes and another one takes up its store. What that one has recorded must be all that it has now, a crash right
 * afterwards must change nothing, and it must have what the first one has when all its clients disconnect. They disconnect
 * here, so the world is not as it was.
 */
export function wrongAfterCrash(world: World): Wrong | undefined {
  if (world.isDeleted) return undefined;
  const { stored } = world;
  const once = world.recovered(stored);
  const store = new MemoryStore(stored);
  store.apply(once.changes.take());
  const { entities } = once;
  const wrong =
    found(PROJECTION, store.entities, entities) ?? found(TWICE, entities, world.recovered(entities).entities);
  if (wrong !== undefined) return wrong;
  world.disconnectAll();
  const comparable = (all: readonly Entity[]): Entity[] => withoutBatchNumbers(withoutNewIds(all, stored));
  return found(CLOSED, comparable(world.stored), comparable(entities));
}

const nameOf = (batch: Entity): string => RecordReader.of(batch).optionalText('id') ?? '';

/** A batch that a client only waited for is forgotten with its get, and gets another number when it is used. */
function withoutBatchNumbers(entities: readonly Entity[]): Entity[] {
  const batches = entities.filter(({ key }) => key[0] === 'batch');
  const sorted = batches.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const numbers = new Map(sorted.map(({ key }, at) => [key[2], at]));
  return entities.map((entity) => {
    const [kind, workspace = 0, number, ...rest] = entity.key;
    const renamed = numbers.get(number);
    if (!OF_BATCHES.has(kind) || renamed === undefined) return entity;
    return { key: [kind, workspace, renamed, ...rest], fields: entity.fields };
  });
}
const OF_BATCHES: ReadonlySet<Kind> = new Set(['batch', 'result', 'cursor']);

/** What a store has after a step, from what it had before and the changes of the step. */
export class ProjectionLaw {
  readonly #before: readonly Entity[];

  constructor(world: World) {
    this.#before = world.stored;
  }

  /** @param changes those of the step */
  broken(world: World, changes: readonly Change[]): Wrong | undefined {
    const store = new MemoryStore(this.#before);
    store.apply(changes);
    return found(PROJECTION, store.entities, world.stored);
  }
}

/** When a job is over, its broadcasts are dropped. A worker that has a copy of one has nothing after a restart. */
function withoutDroppedCopies(records: readonly Entity[]): Entity[] {
  const kept = new Set(
    records.flatMap(({ key: [kind, , number] }) => (kind === 'broadcast' ? [number] : [])),
  );
  return records.map((entity) => {
    if (entity.key[0] !== 'worker') return entity;
    const broadcast = RecordReader.of(entity).optional('task')?.optionalNumber('broadcast');
    if (broadcast === undefined || kept.has(broadcast)) return entity;
    return { key: entity.key, fields: { ...entity.fields, task: undefined } };
  });
}
