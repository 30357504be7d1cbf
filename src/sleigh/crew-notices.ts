import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Sentinel, Worker } from './agents.ts';
import type { Crew } from './crew.ts';
import type { EmitJobEvent } from './job-event.ts';

/** What many workers or sentinels are notified of, in steps. */

/** S13: workers without a task come first, so that no task goes to a dying worker; unregistered ones last (S17). */
export function* notifyWorkersOf(crew: Crew, { workers }: Sentinel, sleigh: 'serves' | 'shutsDown'): Steps {
  // By rank, whoever has been replaced: the tasks of the dead go back to the queue in that order.
  const inOrder = [...workers].sort((a, b) => a.rank - b.rank);
  for (const isMeant of sleigh === 'serves' ? [hasNoTask, hasCome, isAny] : [isAny])
    yield* eachInSteps(inOrder, (worker) => {
      if (isMeant(worker)) worker.actor.send({ type: 'sentinel.gone', sleigh, ...crew.owedBy(worker) });
    });
}

/** The sentinel that should have ended these workers has left (S14). */
export const endWaitingOf = ({ workers }: Sentinel): Steps =>
  eachInSteps(workers, ({ actor }) => actor.send({ type: 'waiting.ended' }));

/** Notifies each rank that has not registered when the group closes (S6.1, S19). */
export function* closeRanks({ everyWorker }: Crew, workers: number, emit: EmitJobEvent): Steps {
  emit?.({ type: 'group_close_pre', workers });
  yield* eachInSteps(everyWorker, ({ client, actor }) => {
    if (client === undefined) actor.send({ type: 'group.closed' });
  });
  emit?.({ type: 'group_close_post', workers });
}

/** Waiting sentinels are told to stop now, the others when they ask (S14). */
export const stopSentinels = ({ everySentinel }: Crew): Steps =>
  eachInSteps(everySentinel, ({ actor }) => actor.send({ type: 'shutdown.started' }));

const isAny = (): boolean => true;
const hasCome = ({ client }: Worker): boolean => client !== undefined;
const hasNoTask = (worker: Worker): boolean => hasCome(worker) && worker.task === undefined;
