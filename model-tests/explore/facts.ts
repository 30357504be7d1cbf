import type { Party } from './party.ts';
import type { World } from './world.ts';

/** Where tasks and broadcasts go: two batches, so that one must not wake the other. */
export const TASK_BATCH = 'a';
export const BROADCAST_BATCH = 'b';
export const BATCHES = [TASK_BATCH, BROADCAST_BATCH] as const;

/** All timers run out together, since the process slept (P13). */
export const SLEEP = 'server: sleeps, and then every timer is late';

/** The timer of a sentinel that stays away. */
export function absence({ sleigh, picture }: World, party: Party): unknown {
  const sentinel = sleigh.crew.sentinels.find(({ client }) => client === party);
  return sentinel && picture.timers.get(`absence of sentinel ${sentinel.id}`);
}

/** For each broadcast the ranks that have answered it, taken or not. */
export function answers({ book, picture }: World): number[][] {
  if (book.broadcasts === 0) return [];
  const found: number[][] = [];
  for (const { tag, batch, broadcast, taken } of book.notes.values()) {
    if (broadcast === undefined) continue;
    const ranks = [...taken];
    for (const { metadata } of picture.results(batch))
      if (metadata.get('tag') === tag) ranks.push(Number(metadata.get('nwsWorkerRank')));
    found.push(ranks);
  }
  return found;
}
