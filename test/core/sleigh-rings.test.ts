import { describe, expect, test } from 'vitest';
import { Job } from '../support/job.ts';
import { OK } from '../support/replies.ts';
import { simulated, SimulatedServer } from '../support/simulated-server.ts';

const RINGS = ['logDebug', 'logError', 'bye'];

describe.each(RINGS)('the variable %s is a ring (S20)', (name) => {
  test('keeps the last 10,000 values', () =>
    simulated((server) => {
      const { master } = new Job(server);
      for (let n = 0; n < 10_003; n++) master.store(name, String(n));
      expect(master.get('fetch', name).value).toBe('3');
    })());

  test('keeps the newest values up to a size in bytes, metadata included, and always the newest value', () =>
    simulated(
      (server) => {
        const { master } = new Job(server);
        for (const value of ['a'.repeat(60), 'b'.repeat(30)]) master.store(name, value);
        master.store(name, 'c', { metadata: { level: 'x'.repeat(10) } });
        expect(master.get('find', name).value).toBe('b'.repeat(30));
        expect(master.store(name, 'd'.repeat(101))).toMatchObject(OK);
        expect(master.get('fetch', name).value).toBe('d'.repeat(101));
        expect(master.get('fetchTry', name).status).toBe('0001');
      },
      { limits: { logBytes: 100 } },
    )());
});

test('continues an iteration after the values that were dropped (V10, S20)', () =>
  simulated(
    (server) => {
      const { master } = new Job(server);
      for (const value of ['a', 'b', 'c']) master.store('logError', value);
      const first = master.get('ifind', 'logError');
      expect([first.value, first.index]).toEqual(['b', 1]);
      for (const value of ['d', 'e']) master.store('logError', value);
      const next = master.get('ifind', 'logError', { after: first });
      expect([next.value, next.index]).toEqual(['d', 3]);
    },
    { limits: { logCount: 2 } },
  )());

test('does not count dropped values, neither in bytes nor in memory (P12)', () => {
  const server = new SimulatedServer({ limits: { logCount: 1 } });
  const { master } = new Job(server);
  master.store('bye', 'x'.repeat(1_000));
  const { bytes, memory } = server.core.accounting;
  for (let n = 0; n < 50; n++) master.store('bye', 'y'.repeat(1_000));
  expect(server.core.accounting).toMatchObject({ bytes, memory });
});

test('delivers a value directly to a waiting client, and keeps nothing', () =>
  simulated(
    (server) => {
      const job = new Job(server);
      const follower = job.visitor();
      follower.wait('fetch', 'logDebug');
      job.master.store('logDebug', 'told');
      expect(follower.reply().value).toBe('told');
      for (const value of ['a', 'b']) job.master.store('logDebug', value);
      expect(job.master.get('find', 'logDebug').value).toBe('b');
    },
    { limits: { logCount: 1 } },
  )());
