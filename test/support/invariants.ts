import { expect } from 'vitest';
import { isRegistered, stateOfSentinel, stateOfWorker } from '../../src/sleigh/agents.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import type { SimulatedServer } from './simulated-server.ts';
import { isShuttingDown } from './phase.ts';

/** The jobs of a server. */
export const sleighsOf = (server: SimulatedServer): Sleigh[] =>
  [...server.core.workspaces.all].flatMap(({ plugin }) => (plugin instanceof Sleigh ? [plugin] : []));

/** The properties of every reachable state of a job; each name is the text of its property. */
const INVARIANTS: Record<string, (sleigh: Sleigh) => boolean> = {
  'a worker is busy exactly when it has a task, unless it is lost': ({ crew }) =>
    [...crew.workers].every(
      (worker) =>
        stateOfWorker(worker) === 'disconnected' ||
        (stateOfWorker(worker) === 'busy') === (worker.task !== undefined),
    ),

  'a worker is waiting exactly when it is blocked in a get of task': ({ crew, work }) =>
    [...crew.workers].filter((worker) => stateOfWorker(worker) === 'waiting').length <=
    work.taskCounts.fetchers,

  'never both: a task that some waiting worker could take, and that worker waiting': (sleigh) =>
    isShuttingDown(sleigh) ||
    [...sleigh.crew.workers].every(
      (worker) => stateOfWorker(worker) !== 'waiting' || !sleigh.work.isAvailableFor(worker),
    ),

  'queued and running are what is there': ({ crew, work }) => {
    const running = [...crew.workers].filter(({ task }) => task !== undefined).length;
    const { all } = work.batches;
    return all.running === running && all.pending === running + work.tasks.length;
  },

  'the number of registered workers is what is there': ({ crew, joining }) =>
    joining.context.registered === [...crew.workers].filter(isRegistered).length,

  'no client waits for a result or a heartbeat while the sleigh is shutting down': (sleigh) => {
    const { fetchers, finders } = sleigh.work.batches.counts;
    return !isShuttingDown(sleigh) || fetchers + finders + sleigh.heartbeats.blockedSentinels === 0;
  },

  'after the drain period no client waits for a task': ({ shutdown, work }) =>
    shutdown.getSnapshot().value !== 'over' || work.taskCounts.fetchers === 0,

  'a sentinel that waits is blocked': ({ crew, heartbeats }) =>
    [...crew.sentinels].filter((sentinel) => stateOfSentinel(sentinel) === 'blocked').length ===
    heartbeats.blockedSentinels,

  'a closed group without a living worker is shutting down, unless it closed empty or is supervised': (
    sleigh,
  ) => {
    const { registered, registeredAtClosing } = sleigh.joining.context;
    const isEmpty = sleigh.joining.phase === 'closed' && registered === 0;
    const mayGoOn =
      registeredAtClosing === 0 || sleigh.crew.sentinels.some(({ session }) => session !== undefined);
    return !isEmpty || isShuttingDown(sleigh) || (mayGoOn && sleigh.timers.isRunning('grace'));
  },

  'the group closed: no rank is waiting for its worker': ({ crew, joining }) =>
    joining.phase !== 'closed' || [...crew.workers].every((worker) => stateOfWorker(worker) !== 'reserved'),
};

export function expectInvariants(server: SimulatedServer): void {
  const broken = sleighsOf(server).flatMap((sleigh) =>
    Object.entries(INVARIANTS).flatMap(([name, holds]) => (holds(sleigh) ? [] : [name])),
  );
  if (broken.length > 0) expect(broken).toEqual([]);
}
