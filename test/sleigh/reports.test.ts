import { describe, expect, test } from 'vitest';
import type { Worker } from '../../src/sleigh/agents.ts';
import { agentStatus, scoreboard } from '../../src/sleigh/reports.ts';
import { finish, type Steps } from '../../src/workspace/steps.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

/** The workers of a job, of which the first ones have registered. */
function workersOf(registered: number, ranks = registered): { server: SimulatedServer; workers: Worker[] } {
  const server = new SimulatedServer();
  const job = new Job(server);
  job.sentinel(ranks);
  for (let rank = 0; rank < registered; rank++) job.worker(rank);
  const [sleigh] = sleighsOf(server);
  return { server, workers: [...(sleigh?.crew.everyWorker ?? [])] };
}

function countSteps(steps: Steps<unknown>): number {
  let count = 0;
  while (steps.next().done !== true) count++;
  return count;
}

describe('the reports about the agents (S12)', () => {
  test('list agents that entered a state at the same time by rank', () => {
    const { workers } = workersOf(5);
    const lines = finish(agentStatus(workers, [], false)).filter((line) => line.startsWith('  - '));
    expect(lines.map((line) => line.split(':')[0])).toEqual(workers.map(({ rank }) => `  - Worker ${rank}`));
  });

  test('show zeros for a worker that has just registered', () => {
    const { server, workers } = workersOf(1);
    const [header = '', line = ''] = finish(scoreboard(workers, { now: server.now, reportsReplaced: true }));
    expect(header.split('\t')).toHaveLength(6);
    expect(line.trimEnd().split('\t').slice(1)).toEqual(['0', '0.000', '0.0', '0.000', '0']);
  });

  test('are made in a few steps for many agents (P14)', () => {
    const { server, workers } = workersOf(1);
    const [worker] = workers;
    const many = worker === undefined ? [] : Array.from({ length: 640 }, () => worker);
    const sentinels = many.map(({ sentinel }) => sentinel);
    expect(countSteps(scoreboard(many, { now: server.now, reportsReplaced: false }))).toBe(10);
    // To sort them takes steps as well.
    const sorted = countSteps(agentStatus(many, [], false));
    const both = countSteps(agentStatus(many, sentinels, false));
    expect(both).toBe(2 * sorted);
    expect(sorted).toBeGreaterThanOrEqual(10);
    expect(sorted).toBeLessThan(640);
  });
});
