import { janitor } from './cast/janitor.ts';
import { Ledger, planOf, type Plan } from './cast/job.ts';
import { logger } from './cast/logger.ts';
import { master } from './cast/master.ts';
import { consumer, producer, rudePeers, Taken, walker } from './cast/passers-by.ts';
import type { Player } from './cast/player.ts';
import { sentinel } from './cast/sentinel.ts';
import { Stage } from './cast/stage.ts';
import type { SequenceDiagram } from '../../src/verify/diagram/sequence.ts';
import type { Fault, Part, Without } from '../world/faults.ts';
import { Random } from '../world/random.ts';
import { CoreWorld, type Losing } from '../world/core-world.ts';
import type { World } from '../world/world.ts';

const HOUR = 3_600_000;
/** Minutes in which faults occur, by seed, so that they end during some jobs; then everything has time to settle. */
const FAULTY_MINUTES = { least: 5, most: 60 };
const SETTLED = 5 * HOUR;
/** Events of the server after the last fault within which every master has ended: bounded liveness. */
const SETTLING_EVENTS = 6_000;

const JOBS: readonly Part[] = ['first job', 'second job', 'third job', 'fourth job'];

export interface Report {
  readonly seed: number;
  readonly hash: string;
  /** Empty if everything was correct. */
  readonly wrongs: readonly string[];
  /** What the connections that are open in the end did last. */
  readonly diagram: SequenceDiagram;
  readonly hours: number;
  readonly events: number;
  /** Events after the last fault, until every master had ended. */
  readonly settlingEvents: number;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly outcomes: readonly Ledger['outcome'][];
}

interface Job {
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly master: Player;
}

/**
 * Runs one seed: several jobs and other clients on one server, with faults, until everything has settled.
 * @param loses commands that are dropped, to see that this is detected
 * @param without what is left out of the seed
 */
export function simulate(seed: number, loses?: Losing, without?: Without): Report {
  const world = new CoreWorld(seed, { loses, without });
  // With its own random numbers, so that changes to it do not change the rest of a seed.
  const { least, most } = FAULTY_MINUTES;
  const faultsEnd = new Random(-seed).whole(least, most) * 60_000;
  const stage = new Stage(world);
  const taken = new Taken();
  const jobs: Job[] = [];
  const count = world.random.whole(1, 4);
  for (const [n, part] of JOBS.entries())
    if (n < count && world.faults.has(part))
      stage.later(stage.seconds(0, 600), () => jobs.push(jobOf(stage, `job ${n}`, faultsEnd)));
  passersBy(stage, taken);
  if (world.faults.may('process sleeps') && world.random.chance(0.5)) sleepNowAndThen(stage);
  stage.later(faultsEnd, () => (world.faults.over = true));

  run(world, faultsEnd);
  const eventsBefore = world.events;
  run(world, SETTLED, () => jobs.every(({ master }) => master.isOver));
  const settlingEvents = world.events - eventsBefore;
  if (settlingEvents > SETTLING_EVENTS)
    world.wrongs.push(`the jobs took ${settlingEvents} events to settle after the last fault`);
  run(world, SETTLED);
  for (const { master, ledger } of jobs) {
    if (!master.isOver) world.wrongs.push(`after hours: ${master.situation}`);
    world.wrongs.push(...ledger.wrongs);
  }
  stage.enter('janitor', janitor(stage), 0);
  run(world, SETTLED + HOUR);

  const blocked = stage.players.filter(({ isOver }) => !isOver);
  world.wrongs.push(...blocked.map(({ situation }) => `in the end ${situation}`), ...taken.wrongs);
  for (const [what, left] of Object.entries(world.leftovers))
    if (left !== 0) world.wrongs.push(`${left} ${what} are left`);
  return {
    seed,
    hash: world.traceHash(),
    wrongs: world.wrongs,
    diagram: world.lastMessages.diagram(`seed ${seed}`, world.wrongs[0] ?? 'nothing is wrong'),
    hours: world.elapsed / HOUR,
    events: world.events,
    settlingEvents,
    faults: world.faults.counts,
    outcomes: jobs.map(({ ledger }) => ledger.outcome),
  };
}

/** @param isEnough called between two events, to stop early */
function run(world: World, until: number, isEnough = (): boolean => false): void {
  const end = world.start + until;
  while (!isEnough()) {
    if (world.agenda.step(end)) continue;
    world.agenda.now = end;
    return;
  }
}

function jobOf(stage: Stage, name: string, faultsEnd: number): Job {
  const { random, faults } = stage.world;
  const plan = planOf(name, random);
  const ledger = new Ledger();
  const player = stage.enter(`master of ${name}`, master(stage, plan, ledger), plan.frailty * 0.3);
  const hostAfter = (milliseconds: number): void =>
    stage.later(milliseconds, () =>
      stage.enter(`sentinel of ${name}`, sentinel(stage, plan, ledger), plan.frailty * 0.5),
    );
  for (let host = 0; host < plan.hosts; host++) hostAfter(stage.seconds(0, 60));
  if (plan.join === 'elastic') {
    // They start at any time, and one after the last fault: an elastic group never ends by itself (S17).
    for (let host = 0; host < plan.hosts; host++) hostAfter(stage.seconds(60, 3_000));
    hostAfter(Math.max(faultsEnd - stage.world.elapsed, 0));
  }
  if (faults.has('loggers'))
    stage.later(stage.seconds(5, 600), () => stage.enter(`logger of ${name}`, logger(stage, plan), 0));
  if (faults.may('master gone') && random.chance(plan.frailty * 0.2))
    stage.later(stage.seconds(0, 900), () => {
      if (player.isOver) return;
      faults.note('master gone');
      player.link.reset();
    });
  return { plan, ledger, master: player };
}

/** The server process is suspended for up to ten minutes, longer than any timeout of a job. */
function sleepNowAndThen(stage: Stage): void {
  const { faults, process } = stage.world;
  stage.later(stage.seconds(10, 900), () => {
    if (faults.over) return;
    faults.note('process sleeps');
    process.sleep(stage.seconds(1, 600));
    sleepNowAndThen(stage);
  });
}

function passersBy(stage: Stage, taken: Taken): void {
  const { faults, random } = stage.world;
  const frailty = 0.3;
  const soon = (act: () => void): void => stage.later(stage.seconds(0, 300), act);
  const some = (part: Part): number => (faults.has(part) ? random.whole(0, 3) : 0);
  for (let n = some('producers'); n > 0; n--)
    soon(() => stage.enter('producer', producer(stage, `${n}`), frailty));
  for (let n = some('consumers'); n > 0; n--)
    soon(() => stage.enter('consumer', consumer(stage, taken), frailty));
  for (let n = some('walkers'); n > 0; n--) soon(() => stage.enter('walker', walker(stage), frailty));
  if (faults.has('rude peers') && random.chance(0.5)) rudePeers(stage);
}
