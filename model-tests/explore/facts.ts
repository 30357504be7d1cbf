import type { Party } from './party.ts';
import type { World } from './world.ts';

/** Tasks and broadcasts have batches of their own, so that a result of one must not wake a client of the other. */
export const TASK_BATCH = 'a';
export const BROADCAST_BATCH = 'b';
export const BATCHES = [TASK_BATCH, BROADCAST_BATCH] as const;

/** All timers expire together, because the process did not run (P13). */
export const SLEEP = 'server: sleeps, and then every timer is late';

/** The server ends without a word, and another one takes up its store (D4). */
export const CRASH = 'server: crashes, and is started again';

/** The heartbeat timeout of a sentinel. */
export function absence({ sleigh, picture }: World, party: Party): unknown {
  const sentinel = sleigh.crew.sentinels.find(({ client }) => client === party);
  return sentinel && picture.timers.get(`absence of sentinel ${sentinel.id}`);
}

/** For each broadcast the ranks of its results, whether they were taken or not. */
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
