import { describe, expect, it } from 'vitest';
import { Job } from '../support/job.ts';
import { miscounted } from '../support/memory-held.ts';
import { OK } from '../support/replies.ts';
import { SimulatedServer, simulated } from '../support/simulated-server.ts';

describe('the maximum of a group', () => {
  it(
    'may be as large as its limit, and no larger (P12)',
    simulated(
      (server) => {
        const { master } = new Job(server);
        expect(master.store('workerCount', '3')).toMatchObject(OK);
        expect(master.store('workerCount', '4').status).toBe('0001');
        expect(master.read('workerCount')).toBe('3');
      },
      { limits: { workerCount: 3 } },
    ),
  );
});

describe('the memory of what is stored to a variable of a job (P12)', () => {
  it(
    'is released at once, except that of tasks, broadcasts and results',
    simulated((server) => {
      const job = new Job(server);
      const held = (): number => server.core.accounting.budget.byKind.values;
      const before = held();
      for (const [name, value, isTaken] of [
        ['workerCount', '5', true],
        ['status', '0.1', true],
        ['waitForWorkers', '0.1', true],
        ['workerCount', 'soon', false],
        ['rankCount', '1', false],
      ] as const) {
        expect(job.master.store(name, value).status === OK.status, name).toBe(isTaken);
        expect(held(), name).toBe(before);
        expect(miscounted(server.core)).toEqual([]);
      }
      const worker = job.worker(job.rank(job.sentinel(0)));
      job.master.store('broadcast', 'b'.repeat(1_000));
      expect(held()).toBeGreaterThan(before + 1_000);
      job.master.store('task', 't'.repeat(1_000));
      expect(held()).toBeGreaterThan(before + 2_000);
      worker.get('fetch', 'task');
      worker.store('result', 'r'.repeat(5_000));
      expect(held()).toBeGreaterThan(before + 5_000);
      expect(miscounted(server.core)).toEqual([]);
    }),
  );
});

describe('a reply from a variable of a job', () => {
  it('has the id of that variable, which stays the same, also where each get makes another name (S11)', () => {
    const { master } = new Job(new SimulatedServer());
    const ids = ['find', 'fetch'].map((verb) => master.get(verb, 'fixedargID').variableId);
    expect(ids[0]).toMatch(/^.{20}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(master.get('find', 'version').variableId).not.toBe(ids[0]);
  });
});
