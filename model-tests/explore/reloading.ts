import type { Entity } from '../../src/store/change.ts';
import { RecordReader } from '../../src/store/record.ts';
import { ServerAccounting } from '../../src/workspace/storage-accounting.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { differences } from '../../test/support/projection.ts';
import type { Wrong } from './properties.ts';
import { SimTimers } from './sim-timers.ts';
import type { World } from './world.ts';

const SAME = 'a job that is loaded from its records has the same records (D8)';

/**
 * Loads a second job from the records of the one that is explored, as the server does after a restart.
 * @returns what the second job does not have, or has too much
 */
export function lostByLoading({ sleigh, workspace, cast, make, isDeleted }: World): Wrong | undefined {
  if (isDeleted) return undefined;
  const accounting = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
  const host = { ...workspace.host, accounting, timers: new SimTimers() };
  const { name, number } = workspace;
  const empty = new Workspace(name, host, { number, isLoaded: true });
  const loaded = make(empty, cast);
  const records = [...sleigh.entities()];
  loaded.load(records);
  const different = differences(withoutDroppedCopies(records), loaded.entities());
  return different.length === 0 ? undefined : { property: SAME, what: different.join('; ') };
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
