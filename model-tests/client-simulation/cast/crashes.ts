import type { SimulatedHost } from '../host/host.ts';
import type { Master } from './master.ts';
import { FAULTS_END, type Plan } from './plan.ts';

/** The maximum milliseconds until a server that has crashed is started again. */
const DOWN_MS = 8_000;
/** The part of the grace that it takes at most in a calm seed, so that everybody comes back in time: clients pause longer and longer. */
const PART_OF_GRACE = 1 / 8;
/** Milliseconds after which everybody is back, unless there is trouble. */
const BACK_MS = 6_000;
/**
 * The server crashes again and again, at any moment or while a commit is in flight. In a calm seed it is back so soon that
 * nobody's grace ends: then a crash changes no outcome.
 */
export function beginCrashes(
  { world, options: { listener } }: SimulatedHost,
  master: Master,
  plan: Plan,
): void {
  const { store, random, agenda } = world;
  if (store === undefined) return;
  const { isCalm, reconnectGrace = Infinity } = plan;
  const longest = isCalm ? Math.min(DOWN_MS, 1_000 * reconnectGrace * PART_OF_GRACE) : DOWN_MS;
  const pause = random.pick(1_000, 5_000, 20_000);
  // A master that has no session yet does not wait for a server.
  const mayCrash = (): boolean =>
    !isCalm || [...world.core.workspaces.all].some(({ plugin }) => plugin !== undefined);
  const crash = (): void => {
    if (world.elapsed > FAULTS_END || master.isDone || !mayCrash()) return;
    listener.say('server', 'crashes');
    world.crash(random.fraction() * longest);
  };
  const again = (milliseconds: number): void =>
    void agenda.after(milliseconds, () => {
      if (world.elapsed > FAULTS_END || master.isDone) return;
      if (random.chance(0.5)) store.duringNextCommit(crash);
      else crash();
      again(longest + (isCalm ? BACK_MS : 0) + random.fraction() * pause);
    });
  again(random.fraction() * pause);
}
