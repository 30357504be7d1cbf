import type { Metadata } from '../wire/payload.ts';
import { isRefusal, type Refusal } from '../workspace/refusal.ts';
import type { Value } from '../workspace/value.ts';
import { VARIABLE } from '../wire/names.ts';
import { hasEnded, isRegistered, stateOfWorker } from './agents.ts';
import { formerClient } from './former-client.ts';
import { jobTaskOf } from './job-event.ts';
import type { GivenValue, JobOperation, JobWorker } from './job-operation.ts';
import type { Job } from './job.ts';
import { noSuchSentinel, noSuchWorker, SLEIGH_FAILED } from './refusals.ts';

/** Whoever stores for a plugin. Nothing is sent to it. */
const PLUGIN = formerClient(0, 'plugin');

const valueOf = ({ payload = '', descriptor = 1, metadata = {} }: GivenValue): Value => ({
  descriptor,
  payload,
  metadata: new Map(Object.entries(metadata)) satisfies Metadata,
});

/**
 * Carries out an operation of a plugin.
 * @returns why it is refused, or undefined; a refused operation changes nothing
 */
export function operate(job: Job, operation: JobOperation): Refusal | undefined {
  if (job.hasFailed) return SLEIGH_FAILED;
  if (operation.type === 'submit') return submit(job, valueOf(operation.value));
  if (operation.type === 'putResult') return putResult(job, operation.rank, valueOf(operation.value));
  if (operation.type === 'killWorker') return killWorker(job, operation.rank);
  return killSentinel(job, operation.sentinel);
}

function submit({ workspace }: Job, value: Value): Refusal | undefined {
  const outcome = workspace.store(VARIABLE.task, value, PLUGIN);
  return isRefusal(outcome) ? outcome : undefined;
}

function putResult({ crew, workspace, work }: Job, rank: number, value: Value): Refusal | undefined {
  const worker = crew.find(rank);
  if (worker === undefined) return noSuchWorker(rank);
  return workspace.accounting.refusal(value) ?? work.putResult(worker, value);
}

function killWorker({ crew, supervisor }: Job, rank: number): Refusal | undefined {
  const worker = crew.find(rank);
  const isThere = worker !== undefined && isRegistered(worker);
  if (!isThere) return noSuchWorker(rank);
  supervisor.send({ type: 'death.reported', rank, task: 'tried' });
  return undefined;
}

function killSentinel({ crew, heartbeats }: Job, id: number): Refusal | undefined {
  const sentinel = crew.findSentinel(id);
  const isThere = sentinel !== undefined && !hasEnded(sentinel);
  if (!isThere) return noSuchSentinel(id);
  heartbeats.unblock(sentinel, '1');
  crew.closeSentinel(sentinel);
  return undefined;
}

/** @returns the worker of that rank; undefined if there is none, or none that is kept */
export function lookAtWorker({ crew }: Job, rank: number): JobWorker | undefined {
  const worker = crew.find(rank);
  if (worker === undefined) return undefined;
  const { sentinel, host, task } = worker;
  return {
    rank,
    sentinel: sentinel.id,
    state: stateOfWorker(worker),
    host,
    task: task === undefined || task.isSettled ? undefined : jobTaskOf(task),
  };
}
