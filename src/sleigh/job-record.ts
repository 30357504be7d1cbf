import type { Snapshot } from 'xstate';
import type { Entity, Fields } from '../store/change.ts';
import { recordedStateOf } from './agents.ts';
import type { Job } from './job.ts';

/** The job itself: its machines and its counters. The snapshot of the supervisor, with its children, is XState's own. */
export const recordOfJob = (job: Job): Fields =>
  job.hasFailed
    ? { hasFailed: true }
    : {
        hasFailed: false,
        options: { ...job.options },
        startedAt: job.startedAt,
        supervisor: JSON.stringify(job.supervisor.getPersistedSnapshot()),
        work: recordedStateOf(job.intake),
        completed: job.work.completed,
        accepted: job.registrations.accepted,
        fixedArguments: job.fixedArguments,
        crew: job.crew.state,
        tasks: { ...job.work.tasks.state },
      };

/** @returns the snapshot that XState has written as a text */
export function snapshotIn(text: string): Snapshot<unknown> {
  const snapshot: Snapshot<unknown> = JSON.parse(text);
  return snapshot;
}

/** Everything about a job that survives the server, as its store must have it. */
export function* entitiesOfJob(job: Job): Generator<Entity> {
  yield { key: job.changes.keyOf(['job']), fields: recordOfJob(job) };
  if (job.hasFailed) return;
  const { crew, work, deadlines } = job;
  yield* crew.records.entities();
  yield* crew.connections.entities();
  // Two workers may have the same task (S31).
  const running = new Set(Array.from(crew.everyWorker, ({ task }) => task));
  for (const task of running)
    if (task !== undefined && task.broadcast === undefined) yield work.tasks.entityOf(task);
  yield* work.tasks.entities();
  yield* work.batches.entities();
  yield* deadlines.entities();
}
