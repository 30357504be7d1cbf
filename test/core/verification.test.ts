import { describe, expect, it } from 'vitest';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import type { OverviewView } from '../../src/views/types.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Views } from '../../src/views/views.ts';
import { aboutOf, viewOf } from '../support/views.ts';

const overviewOf = (server: SimulatedServer): OverviewView =>
  viewOf<OverviewView>(new Views(server.core, aboutOf(server)), '/api/overview');

/** Every kind of actor takes steps: a whole job, from the first connection to the end of the workspace. */
function play(server: SimulatedServer): Job {
  const job = new Job(server, { onDeadWorker: 'requeue' });
  const { workers } = job.crew(2);
  for (const worker of workers) worker.ask('fetch', 'task');
  job.task('one');
  job.task('two');
  workers[0]?.leave();
  workers[1]?.store('result', 'done');
  job.results();
  return job;
}

const sleighIn = (server: SimulatedServer): Sleigh => {
  for (const { plugin } of server.core.workspaces.occupied) if (plugin instanceof Sleigh) return plugin;
  throw new Error('no job is there');
};

/** A job whose join phase was moved by hand: it is closed, and was open. */
function movedByHand(): { server: SimulatedServer; job: Job } {
  const played = new SimulatedServer();
  play(played);
  const closed: unknown = Reflect.get(sleighIn(played).joinPhase, '_snapshot');
  const server = new SimulatedServer({ verifies: true, expectsErrors: true });
  const job = new Job(server);
  Reflect.set(sleighIn(server).joinPhase, '_snapshot', closed);
  return { server, job };
}

describe('a server that verifies its actors', () => {
  it('checks each step, and finds nothing wrong with the right machines', () => {
    const server = new SimulatedServer({ verifies: true });
    const job = play(server);
    job.master.store('Sleigh ride over', '1');
    job.owner.leave();
    expect(server.core.figures.violations).toEqual(new Map());
    expect(server.core.verifier?.steps).toBeGreaterThan(50);
  });

  it('says nothing of verification when it was not asked for it', () => {
    const server = new SimulatedServer();
    play(server);
    expect(overviewOf(server).verification).toBeNull();
  });

  it('logs, counts and shows an actor that was moved by hand, with its story', () => {
    const { server, job } = movedByHand();
    job.sentinel(1);
    expect(server.core.figures.violations).toEqual(new Map([['joinPhase', 1]]));
    expect(server.errors).toEqual([
      expect.stringContaining('an actor took a step that its machine does not allow'),
    ]);
    const { verification } = overviewOf(server);
    expect(verification).toMatchObject({
      violations: 1,
      newest: [{ scope: 'sleigh job', reason: expect.stringContaining('it begins in "closed"') }],
    });
    expect(verification?.newest[0]?.story.length).toBeGreaterThan(0);
  });

  it('reports an actor once, and goes on with the others', () => {
    const { server, job } = movedByHand();
    for (let n = 0; n < 3; n++) job.sentinel(1);
    const before = server.core.verifier?.steps ?? 0;
    expect(server.core.figures.violations).toEqual(new Map([['joinPhase', 1]]));
    job.visitor().leave();
    expect(server.core.verifier?.steps).toBeGreaterThan(before);
  });
});
