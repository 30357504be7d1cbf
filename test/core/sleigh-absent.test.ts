import { describe, expect } from 'vitest';
import { it } from '../support/on-server.ts';
import type { SimulatedServer } from '../support/simulated-server.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';

const RANKS = 100_000;

/** A closed group of 100,000 ranks, of which one has registered. */
function almostNobody(server: SimulatedServer): SimulatedClient {
  const master = server.connect();
  const options = { wstype: 'sleigh', rankCount: String(RANKS), onDeadWorker: 'null' };
  master.call(['open ws', 'job', 'me', 'no'], options);
  master.call(['find', 'job', 'workerCount']);
  master.call(['fetch', 'job', 'worker_ids']);
  const worker = server.connect();
  worker.call(['use ws', 'job', 'me', 'no']);
  worker.call(['store', 'job', 'worker_ids', '1', '0']);
  return master;
}

const close = (master: SimulatedClient, server: SimulatedServer): void => {
  master.send(['fetch', 'job', 'status'], { delay: '1' });
  // A broadcast may have begun the phase, which then takes a minute.
  server.advance(60_000);
  expect(master.reply().value).toBe('1');
};

const result = (master: SimulatedClient, batchId: string) =>
  master.call(['fetchTry', 'job', 'result'], { batchId });
const wide = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`key ${n}`, 'x'.repeat(80)]));

describe('a broadcast to ranks that nobody registered under (S8, S13)', () => {
  it('costs as much as its metadata, whatever the number of ranks', (server) => {
    const master = almostNobody(server);
    close(master, server);
    const before = server.core.accounting.memory;
    for (let n = 0; n < 20; n++)
      expect(master.call(['store', 'job', 'broadcast', '1', 'x'], { ...wide, batchId: 'b' }).status).toBe(
        '0000',
      );
    // The worker has not answered, so the broadcast is kept as well as the null results.
    expect(server.core.accounting.memory - before).toBeLessThan(20 * 2 * 70_000);
    const { metadata } = result(master, 'b');
    expect(metadata).toMatchObject({ ...wide, batchId: 'b', nwsNull: '1', nwsWorkerRank: '1' });
    expect(result(master, 'b').metadata).toMatchObject({ nwsWorkerRank: '2' });
  });

  it('stored before the group closes is settled at the close, for all ranks absent at that time', (server) => {
    const master = almostNobody(server);
    for (let n = 0; n < 20; n++)
      master.call(['store', 'job', 'broadcast', '1', 'x'], { ...wide, batchId: `b${n}` });
    close(master, server);
    for (let n = 0; n < 20; n++)
      expect(result(master, `b${n}`).metadata).toMatchObject({ nwsWorkerRank: '1' });
    expect(server.core.accounting.memory).toBeLessThan(20 * 2 * 70_000);
  });

  it('gives a waiting master the first null result at once', (server) => {
    const master = almostNobody(server);
    close(master, server);
    const other = server.connect();
    other.call(['use ws', 'job', 'me', 'no']);
    other.send(['fetch', 'job', 'result'], { batchId: 'b' });
    master.call(['store', 'job', 'broadcast', '1', 'x'], { batchId: 'b' });
    expect(other.reply().metadata).toMatchObject({ nwsNull: '1', nwsWorkerRank: '1' });
    expect(result(master, 'b').metadata).toMatchObject({ nwsWorkerRank: '2' });
  });
});
