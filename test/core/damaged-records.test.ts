import { describe, expect, it } from 'vitest';
import { Core } from '../../src/core/core.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import { KINDS, textOfKey, type Entity, type Fields, type Kind } from '../../src/store/change.ts';
import { recordOf } from '../../src/store/failure.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

/** What a server has stored that has a job with tasks, and a client with a session and a lease. */
function stored(): { readonly entities: readonly Entity[]; readonly now: number } {
  const server = new SimulatedServer();
  const job = new Job(server, { join: 'elastic', reconnectGrace: '60' });
  const sentinel = job.visitor();
  for (let n = 0; n < 3; n++) job.rank(sentinel);
  const [worker] = [0, 1].map((rank) => job.worker(rank));
  const client = server.connect();
  client.call(['open session', 'a secret', '100']);
  client.call(['open ws', 'shop', 'master', 'yes', 'yes'], { request: '1' });
  client.call(['store', 'shop', 'x', '1', 'first'], { request: '2' });
  client.call(['takeTry', 'shop', 'x', '60000'], { request: '3' });
  for (const task of ['first', 'second', 'third']) job.task(task);
  worker?.ask('fetch', 'task');
  job.broadcast('to all');
  worker?.store('result', 'done');
  worker?.ask('fetch', 'task');
  return { entities: [...server.stored], now: server.now };
}

/** @returns the record that a server names that takes up the entities, or why it does not; undefined if it takes them up */
function refusedBy(entities: readonly Entity[], now: number): string | undefined {
  const core = new Core({
    limits: DEFAULT_LIMITS,
    plugins: new Map([['sleigh', sleighPlugin(DEFAULT_OPTIONS)]]),
    tls: 'none',
    run: 'next',
    isStored: true,
  });
  // As `Durability.recover` does, which names the records that are refused at once.
  for (const entity of entities)
    try {
      core.restore(entity, now);
    } catch {
      return textOfKey(entity.key);
    }
  try {
    core.recover(now);
  } catch (error) {
    const key = recordOf(error);
    return key === undefined ? `no record: ${String(error)}` : textOfKey(key);
  }
  return undefined;
}

/** Fields that nothing is read from, or only a text for people. */
const UNREAD = new Set(['server run', 'batch id']);

const otherType = (fields: Fields): [field: string, fields: Fields][] =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, { ...fields, [name]: typeof value === 'string' ? 7 : 'x' }]);

describe('a server that is started again', () => {
  const { entities, now } = stored();
  const without = (at: number, fields: Fields): Entity[] =>
    entities.map((entity, n) => (n === at ? { key: entity.key, fields } : entity));

  it('takes up records of each kind that it has written', () => {
    const kinds = new Set<Kind>(entities.map(({ key: [kind] }) => kind));
    // A cursor, and a worker that has ended with a session, are of other jobs.
    const others: readonly Kind[] = ['cursor', 'formerWorker'];
    expect([...kinds, ...others].toSorted()).toEqual(Object.keys(KINDS).toSorted());
    expect(refusedBy(entities, now)).toBeUndefined();
  });

  it('refuses an empty record of each kind, and names it (D23)', () => {
    for (const [at, { key }] of entities.entries())
      expect(refusedBy(without(at, {}), now)).toBe(textOfKey(key));
  });

  it('refuses a record of which a field has another type, and names it (D23)', () => {
    for (const [at, { key, fields }] of entities.entries())
      for (const [field, damaged] of otherType(fields)) {
        const what = `${textOfKey(key)}, ${field}`;
        const named = refusedBy(without(at, damaged), now);
        if (UNREAD.has(`${key[0]} ${field}`)) expect([what, named]).toEqual([what, undefined]);
        else expect([what, named]).toEqual([what, textOfKey(key)]);
      }
  });
});
