import { describe, expect, it } from 'vitest';
import { Connection } from '../../src/core/connection.ts';
import type { Sleigh } from '../../src/sleigh/sleigh.ts';
import { References } from '../../src/workspace/references.ts';
import { openField } from '../support/open-fields.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { contentsOf, leftIn, staleIn } from '../support/leftovers.ts';
import { miscounted } from '../support/memory-held.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

// The checks at the end of each test of the core, each with a fault that was planted in the server.

function aJob() {
  const server = new SimulatedServer();
  const job = new Job(server);
  const { sentinel, workers } = job.crew(2);
  const [worker] = workers;
  const [sleigh] = sleighsOf(server);
  if (worker === undefined || sleigh === undefined) throw new Error('there is no job');
  return { server, job, sentinel, worker, sleigh };
}

const connectionOf = (server: SimulatedServer, id: number): Connection => server.core.connection(id);

/** The worker disconnects, and the server forgets to remove it from one of its tables. */
function keptIn(table: (sleigh: Sleigh) => Map<unknown, unknown> | Set<unknown>): string[] {
  const { server, worker, sleigh } = aJob();
  const connection = connectionOf(server, worker.client.id);
  worker.leave();
  expect(staleIn(server.core)).toEqual([]);
  const kept = table(sleigh);
  if (kept instanceof Map) kept.set(connection, {});
  else kept.add({ client: connection });
  return staleIn(server.core);
}

describe('the check for what refers to clients that have gone', () => {
  it('finds the connection of a worker that stays in the job', () => {
    expect(keptIn(({ crew }) => openField(crew.connections, 'workerOf', Map))).toHaveLength(1);
  });
  it('finds the connection of a sentinel that stays in the job', () => {
    expect(keptIn(({ crew }) => openField(crew.connections, 'sentinelOf', Map))).toHaveLength(1);
  });
  it('finds the session of a worker that has ended', () => {
    expect(keptIn(({ crew }) => openField(crew.connections, 'formerRanks', Map))).toHaveLength(1);
  });
  it('finds a blocked request that stays in a waiting line', () => {
    expect(keptIn(({ heartbeats }) => openField(heartbeats, 'blocked', Set))).toHaveLength(1);
  });
  it('finds it in a workspace', () => {
    expect(keptIn(({ workspace }) => openField(workspace, 'variables', Map))).toHaveLength(1);
  });

  it('finds a deleted job in the list of jobs, and in the listeners of a client', () => {
    const { server, job, worker, sleigh } = aJob();
    job.master.client.call(['delete ws', 'job']);
    expect(staleIn(server.core)).toEqual([]);
    openField(server.core.workspaces, 'occupied', Set).add(sleigh.workspace);
    connectionOf(server, worker.client.id).closeListeners.add(sleigh);
    expect(staleIn(server.core)).toHaveLength(2);
  });
});

describe('the check for what is left when everyone has gone', () => {
  it('finds each collection that has more than at the start', () => {
    const { core } = new SimulatedServer();
    const unused = contentsOf(new SimulatedServer().core);
    expect(leftIn(core, unused)).toEqual([]);
    openField<Map<string, unknown>>(core.workspaces, 'all', Map).set('w', {});
    openField<Map<number, unknown>>(core.timers, 'fired', Map).set(7, {});
    openField<Map<number, unknown>>(core.accounting, 'lent', Map).set(7, {});
    expect(leftIn(core, unused)).toHaveLength(3);
  });
});

describe('the check of what is counted', () => {
  it('finds metadata, a reference and an agent that are held and not counted, and a name that is gone', () => {
    const { server, job, sleigh } = aJob();
    const { core } = server;
    job.master.store('task', 'x'.repeat(100), { metadata: { batchId: 'a' } });
    expect(miscounted(core)).toEqual([]);
    const { budget } = core.accounting;
    const planted: [Parameters<typeof budget.give>[0], number][] = [
      ['values', 160],
      ['agents', 2_500],
      ['names', -1_001],
      ['batches', 900],
    ];
    for (const [kind, bytes] of planted) {
      budget.give(kind, bytes, {});
      expect(miscounted(core).map((text) => text.split(':')[0])).toEqual([kind]);
      budget.take(kind, bytes, {});
    }
    const { references } = connectionOf(server, job.master.client.id);
    expect(references).toBeInstanceOf(References);
    openField<Map<string, unknown>>(references, 'workspaces', Map).set('other', { name: 'other' });
    expect(miscounted(core)[0]).toContain('references');
    expect(sleigh.crew.size).toBe(2);
  });
});
