import { describe, expect, it } from 'vitest';
import { inOrder, JOB_ORDERS } from '../../src/page/lib/sorted-jobs.ts';
import type { OverviewView } from '../../src/views/types.ts';
import { Views } from '../../src/views/views.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { aboutOf, viewOf } from '../support/views.ts';

const server = new SimulatedServer();
new Job(server).crew(2);
const [one] = viewOf<OverviewView>(new Views(server.core, aboutOf(server)), '/api/overview').sleighs;
if (one === undefined) throw new Error('the job is not shown');
const job = (title: string, progress: object, queued = 0) => ({
  ...one,
  title,
  queued,
  progress: { ...one.progress, ...progress },
});

describe('the order of the jobs on the overview', () => {
  const jobs = [
    job('run 10', { done: 5, total: 10, failed: 0 }, 3),
    job('run 9', { done: 9, total: 10, failed: 7 }, 0),
    job('run 1', { done: 0, total: undefined, failed: 2 }, 9),
  ];

  it.each([
    ['', ['run 10', 'run 9', 'run 1']],
    ['name', ['run 1', 'run 9', 'run 10']],
    ['failed', ['run 9', 'run 1', 'run 10']],
    ['queued', ['run 1', 'run 10', 'run 9']],
    ['left', ['run 1', 'run 10', 'run 9']],
    ['constructor', ['run 10', 'run 9', 'run 1']],
  ])('%j', (order, titles) => {
    expect(inOrder(jobs, order).map(({ title }) => title)).toEqual(titles);
  });

  it('has a name for each', () => {
    const texts = Object.values(JOB_ORDERS).map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
  });
});
