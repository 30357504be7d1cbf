import { SMALL_LIMITS } from '../../world/small-limits.ts';
import type { Plan } from './job.ts';
import { ask, isOk, sleep, type Part } from './player.ts';
import type { Stage } from './stage.ts';

/** Writes into a ring, and checks its content: the newest values, in order, within its bounds (S20). */
export function* logger(stage: Stage, { name }: Plan): Part {
  const { random, wrongs } = stage.world;
  const used = yield* ask(['use ws', name, '', 'no', 'no']);
  if (!isOk(used)) return;
  const ring = random.pick('logDebug', 'logError', 'bye');
  // Workers write to `bye`; no other client writes to the other two.
  const isAlone = ring !== 'bye';
  const stored: string[] = [];
  for (let n = random.whole(1, 3 * SMALL_LIMITS.logCount); n > 0; n--) {
    const value = `${n}.`.padEnd(random.chance(0.2) ? random.whole(1_000, 9_000) : 10, 'z');
    const reply = yield* ask(['store', name, ring, '1', value]);
    if (isOk(reply)) stored.push(value);
    else if (!reply.reason.includes('could not be kept')) return;
    if (random.chance(0.1)) yield* sleep(stage.seconds(0, 60));
  }
  const kept: string[] = [];
  for (;;) {
    const next = yield* ask(['fetchTry', name, ring]);
    if (next.reason === 'no value available') break;
    if (!isOk(next)) return;
    kept.push(next.value ?? '');
  }
  const bytes = kept.reduce((sum, value) => sum + value.length, 0);
  if (kept.length > SMALL_LIMITS.logCount) wrongs.push(`${ring} of ${name} has ${kept.length} values`);
  if (kept.length > 1 && bytes > SMALL_LIMITS.logBytes) wrongs.push(`${ring} of ${name} has ${bytes} bytes`);
  if (!isAlone) return;
  const newest = stored.slice(-kept.length);
  if (kept.length === 0 || kept.join() !== newest.join())
    wrongs.push(`${ring} of ${name} has not its newest values`);
  const older = stored.at(-kept.length - 1);
  const fits = kept.length < SMALL_LIMITS.logCount && bytes + (older?.length ?? 0) <= SMALL_LIMITS.logBytes;
  if (older !== undefined && fits) wrongs.push(`${ring} of ${name} has dropped more than it must`);
}
