import type { Entity, Fields, Kind } from '../../src/store/change.ts';
import { withoutNewIds } from '../../test/support/projection.ts';
import { BATCHES } from './facts.ts';
import type { Party } from './party.ts';
import type { World } from './world.ts';

/** Ordinary variables, whose values have no effect and are without number. */
const ORDINARY: ReadonlySet<Kind> = new Set(['variable', 'value']);
/** Addresses of connections, of which there is always another, and the number of each time that a worker got a task. */
const ENDLESS: ReadonlySet<string> = new Set(['peer', 'host', 'taskNumber']);

/** What a client knows, and what it waits for. */
const knownBy = ({ rank, holds, was, request, isBlocked }: Party): unknown => [
  rank,
  holds,
  was?.rank,
  was?.holds,
  isBlocked,
  request?.variable,
  request?.batch,
];

/**
 * All of a state, as a text: every worker, sentinel, client and task by its own name, with the order of each line, every timer
 * and every record. Left out is only what has no bound: addresses and counters of what has been.
 */
export function exactKey(world: World): string {
  if (world.isDeleted) return 'deleted';
  const { stored, parties, picture, book } = world;
  const places = new Map<number, number>(parties.map(({ id }, at) => [id, at]));
  const waiting = (line: readonly unknown[]): string =>
    line.map((client) => parties.findIndex((party) => party === client)).join('');
  const plain = (value: unknown, name = ''): unknown => {
    if (name === 'connection') return places.get(Number(value)) ?? 'closed';
    if (Array.isArray(value)) return value.map((each) => plain(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.entries(value)
      .filter(([key]) => !ENDLESS.has(key))
      .map(([key, each]) => [key, plain(each, key)]);
  };
  const record = ({ key, fields }: { readonly key: Entity['key']; readonly fields: Fields }): unknown => [
    key[0] === 'formerWorker' ? ['formerWorker', places.get(key[2] ?? -1)] : key,
    plain(fields),
  ];
  return JSON.stringify([
    withoutNewIds(stored, stored)
      .filter(({ key: [kind] }) => !ORDINARY.has(kind))
      .map(record),
    parties.map(knownBy),
    (['task', 'outsiders', 'status', 'waitForWorkers'] as const).map((name) => waiting(picture.line(name))),
    BATCHES.map((batch) => waiting(picture.masters(batch))),
    waiting(picture.sentinels),
    [...picture.timers.keys()].toSorted(),
    [book.tasks, book.broadcasts, book.replacements],
  ]);
}
