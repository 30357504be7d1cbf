import type { Actor } from '../actors/actor.ts';
import type { Job } from './job.ts';

/**
 * @param id an id such as `worker.3` or `stragglers.7`; `sleigh` is the supervisor
 * @returns undefined if there is none
 */
export function actorOfJob({ crew, intake, recovery, supervisor, work }: Job, id: string): Actor | undefined {
  if (id === 'sleigh') return supervisor;
  if (id === 'work') return intake.actor;
  if (id.startsWith('recovery.')) return recovery.unfinished.actor(id);
  if (id.startsWith('stragglers.')) return work.stragglers.actor(id);
  if (id.startsWith('placement.')) return work.placement.actor(id);
  return crew.actor(id);
}

/** The number of actors of each role that are shown. */
const MAX_DECIDING = 20;

/** The ids of the actors of policies that decide about tasks: those that wait, run or are queued. */
export const decidingIn = ({ work }: Job): string[] => [
  ...some('recovery', work.tasks.waiting.numbers()),
  ...some('stragglers', work.stragglers.watched()),
  ...some('placement', work.placement.heldNumbers()),
];

function some(role: string, numbers: Iterable<number>): string[] {
  const ids: string[] = [];
  for (const number of numbers) {
    if (ids.length === MAX_DECIDING) break;
    ids.push(`${role}.${number}`);
  }
  return ids;
}
