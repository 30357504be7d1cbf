import { describe, expect, it } from 'vitest';
import { BusyCore } from '../support/busy-core.ts';
import { miscounted } from '../support/memory-held.ts';

const MIB = 2 ** 20;
const WORKERS = Array.from({ length: 30 }, (_, n) => n + 3);

/** A job with a master, 1, and a sentinel, 2, with a number of ranks. */
function job(ranks: number, limits = {}): BusyCore {
  const server = new BusyCore(false, limits);
  for (const id of [1, 2]) server.join(id);
  server.tell(1, ['open ws', 'job', 'x', 'no'], { wstype: 'sleigh', onDeadWorker: 'null' });
  server.tell(2, ['use ws', 'job', 'x', 'no', 'no']);
  for (let n = 0; n < ranks; n++) server.tell(2, ['fetch', 'job', 'worker_ids']);
  return server;
}

function register(server: BusyCore, id: number, rank: number): string {
  server.join(id);
  server.tell(id, ['use ws', 'job', 'x', 'no', 'no']);
  return server.tell(id, ['store', 'job', 'worker_ids', '1', String(rank)]);
}

/** @returns the reply */
const broadcast = (server: BusyCore): string =>
  server.tell(1, ['store', 'job', 'broadcast', '1', 'x'], { batchId: 'b', more: 'm'.repeat(100) });

/**
 * Stores broadcasts until one is refused.
 * @returns how many were accepted
 */
function fill(server: BusyCore): number {
  for (let n = 0; n < 100_000; n++) if (broadcast(server).includes('the limit is')) return n;
  throw new Error('no broadcast was refused');
}

describe('null results of copies (S13, P12)', () => {
  it('use no memory beyond that of the batch when a worker dies before it has taken its copies', () => {
    const server = job(40);
    for (const id of WORKERS) register(server, id, id);
    for (let n = 0; n < 50; n++) broadcast(server);
    const { memory } = server.core.accounting;
    for (const id of WORKERS) {
      server.leave(id);
      expect(server.core.accounting.memory).toBeLessThanOrEqual(memory + 1_000);
    }
    expect(server.tell(1, ['list vars', 'job'])).toContain(`result\t${50 * WORKERS.length}\t`);
  });

  it('count what the sentinel reported once for each worker, until the last of them is taken (S19)', () => {
    const server = new BusyCore(false);
    for (const id of [1, 2]) server.join(id);
    server.tell(1, ['open ws', 'job', 'x', 'no'], { wstype: 'sleigh', onDeadWorker: 'null' });
    server.tell(2, ['use ws', 'job', 'x', 'no', 'no']);
    server.tell(2, ['fetch', 'job', 'worker_ids'], { session: 's' });
    register(server, 3, 0);
    for (let n = 0; n < 3; n++) broadcast(server);
    const { byKind } = server.core.accounting.budget;
    const before = byKind.nullResults;
    const report = { session: 's', task: 'failed', why: 'died', lastWords: 'w'.repeat(4_000) };
    server.tell(2, ['store', 'job', 'worker_dead', '1', '0'], report);
    expect(byKind.nullResults - before).toBe('died'.length + 4_000);
    expect(miscounted(server.core)).toEqual([]);
    for (let n = 0; n < 2; n++) {
      expect(server.tell(1, ['fetch', 'job', 'result'], { batchId: 'b' })).toContain('w'.repeat(4_000));
      expect(byKind.nullResults).toBeGreaterThan(4_000);
      expect(miscounted(server.core)).toEqual([]);
    }
    server.tell(1, ['fetch', 'job', 'result'], { batchId: 'b' });
    expect([byKind.nullResults, miscounted(server.core)]).toEqual([0, []]);
  });

  it('are reserved when a broadcast is stored, so that no death exceeds the limit', () => {
    const server = job(40, { memoryBytes: MIB });
    for (const id of WORKERS) register(server, id, id);
    expect(fill(server)).toBeLessThan(MIB / (WORKERS.length * 290));
    for (const id of WORKERS) server.leave(id);
    expect(server.core.accounting.memory).toBeLessThanOrEqual(MIB);
  });

  it('are reserved when a worker registers, for all broadcasts that are kept for it', () => {
    const server = job(40, { memoryBytes: MIB });
    expect(fill(server)).toBeGreaterThan(300);
    const refusal = 'Refused: the server holds';
    expect(register(server, 3, 3)).toContain(refusal);
    expect(server.core.accounting.memory).toBeLessThanOrEqual(MIB);
  });

  it('of ranks that a broadcast did not reach share one table, however many workers have ended in between', () => {
    const server = job(400);
    for (let n = 0; n < 100; n++) {
      register(server, 3 + n, 2 * n);
      server.leave(3 + n);
      broadcast(server);
    }
    const { memory } = server.core.accounting;
    server.tell(1, ['store', 'job', 'workerCount', '1', '1']);
    register(server, 200, 399);
    expect(server.tell(1, ['find', 'job', 'join_status'])).toContain('closed');
    expect(server.core.accounting.memory).toBeLessThan(memory + 100 * 290 + 5_000);
    server.leave(1);
    expect(server.core.accounting.budget.byKind.nullResults).toBe(0);
  });

  it('release their memory as they are fetched', () => {
    const server = job(3);
    for (const rank of [0, 1, 2]) register(server, 3 + rank, rank);
    broadcast(server);
    expect(server.core.accounting.budget.byKind.nullResults).toBeGreaterThan(3 * 290);
    server.tell(3, ['fetch', 'job', 'task']);
    server.tell(3, ['store', 'job', 'result', '1', 'done']);
    server.leave(4);
    for (let n = 0; n < 2; n++) server.tell(1, ['fetch', 'job', 'result'], { batchId: 'b' });
    expect(server.core.accounting.budget.byKind.nullResults).toBeGreaterThan(290);
    server.leave(5);
    server.tell(1, ['fetch', 'job', 'result'], { batchId: 'b' });
    expect(server.core.accounting.budget.byKind.nullResults).toBe(0);
  });
});
