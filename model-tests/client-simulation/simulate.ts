import { createHash } from 'node:crypto';
import { setImmediate as rest } from 'node:timers/promises';
import { SimulatedHost, type HostListener, type Sabotage } from './host/host.ts';
import { partiesOf, type SequenceDiagram, type SequenceStep } from '../../src/verify/diagram/sequence.ts';
import { CoreWorld } from '../world/core-world.ts';
import type { World } from '../world/world.ts';
import { Ledger } from './check/ledger.ts';
import { verdict } from './check/verdict.ts';
import { CrewRecord } from './check/crew.ts';
import { Master } from './cast/master.ts';
import { Couriers } from './cast/couriers.ts';
import { beginCrashes } from './cast/crashes.ts';
import { FAULTS_END, planOf, reduced } from './cast/plan.ts';
import { moduleLoader } from './cast/tasks.ts';
import { Trouble, workerFaults } from './cast/trouble.ts';

/** Milliseconds after the end of the faults within which everything must have ended. */
const SETTLING = 400_000;
/** Events after the end of the faults within which the master's program has ended: bounded liveness. */
const SETTLING_EVENTS = 20_000;
/** Milliseconds after the end of the master's program within which all workers have ended. */
const LEAVING = 10_000;
/** Milliseconds after which both sides know of every connection that was dropped. */
const SILENCE = 100_000;

export interface Report {
  readonly seed: number;
  /** Only elements caused faults. */
  readonly isCalm: boolean;
  /** A hash of all events, in order. */
  readonly hash: string;
  /** Empty if everything was correct. */
  readonly wrongs: readonly string[];
  /** The trace. */
  readonly trace: readonly string[];
  /** The end of the trace. */
  readonly diagram: SequenceDiagram;
  readonly events: number;
  /** Events after the end of the faults, until the master's program had ended. */
  readonly settlingEvents: number;
  /** Milliseconds. */
  readonly elapsed: number;
  readonly faults: ReadonlyMap<string, number>;
  /** The number of worker processes that were started. */
  readonly started: number;
  readonly replaced: number;
  readonly outcomes: ReadonlyMap<string, number>;
}

/**
 * Plays one seed: one master with its batches, sentinels and workers, on one server, with faults, until all has settled.
 * @param sabotage what a test has changed, to see that it is noticed
 * @param world of that seed
 */
export async function simulate(
  seed: number,
  sabotage: Sabotage = {},
  world: World = new CoreWorld(seed),
): Promise<Report> {
  const plan = reduced(planOf(world.random), world.faults);
  const hash = createHash('sha256');
  const trace: string[] = [];
  const steps: SequenceStep[] = [];
  const say = (who: string, what: string): void => {
    const line = `${(world.elapsed / 1_000).toFixed(3).padStart(8)} s  ${who} ${what}`;
    hash.update(line);
    trace.push(line);
    steps.push({ on: who, text: `${(world.elapsed / 1_000).toFixed(3)} s: ${what}` });
  };
  const ledger = new Ledger(world, plan, say);
  const crew = new CrewRecord(world, plan);
  const listener: HostListener = {
    say,
    started: (process, sentinel, rank) => crew.started(process, sentinel, rank),
    said: (process, message) => crew.said(process, message),
    killed: (process) => crew.killed(process),
    ended: (process) => crew.ended(process),
  };
  const load = moduleLoader(() => host, plan, ledger);
  const host: SimulatedHost = new SimulatedHost(
    { world, listener, load, faults: workerFaults(world, plan) },
    sabotage,
  );
  world.faults.over = plan.isCalm;
  const master = new Master(host, plan, ledger);
  crew.isStopping = (sentinel) =>
    master.isStopping || master.launches.some((launch) => launch.process === sentinel && launch.isStopping);
  if (!plan.isCalm) new Trouble(host, master).begin();
  if (world.store !== undefined) {
    if (world.faults.has('couriers')) new Couriers(host).begin();
    beginCrashes(host, master, plan);
  }
  world.agenda.after(FAULTS_END, () => {
    world.faults.over = true;
    say('network', 'heals');
  });

  sabotage.begin?.(host);

  let events = 0;
  const runUntil = async (milliseconds: number, isOver: () => boolean): Promise<void> => {
    await rest();
    while (!isOver() && world.agenda.step(world.start + milliseconds)) {
      events++;
      await rest();
    }
  };
  await runUntil(FAULTS_END, () => master.process.isDead);
  const eventsBefore = events;
  const isTooLong = (): boolean => events - eventsBefore > SETTLING_EVENTS;
  await runUntil(FAULTS_END + SETTLING, () => master.process.isDead || isTooLong());
  const settlingEvents = events - eventsBefore;
  if (isTooLong())
    world.wrongs.push(`the master has not ended ${settlingEvents} events after the last fault`);
  const end = world.elapsed;
  await runUntil(end + LEAVING, () => host.processes.size === 0);
  for (const { name } of host.processes) if (name.startsWith('worker')) world.wrongs.push(`${name} is left`);
  // A sentinel that tells a silent server of the end of its workers waits until its connection is lost.
  await runUntil(
    end + LEAVING + SILENCE,
    () => host.processes.size === 0 && Object.values(world.leftovers).every((left) => left === 0),
  );
  for (const { name } of host.processes)
    if (!name.startsWith('worker') && name !== master.process.name) world.wrongs.push(`${name} is left`);
  verdict({ world, plan, ledger, master });
  hash.update(world.traceHash());
  return {
    seed,
    isCalm: plan.isCalm,
    hash: hash.digest('hex'),
    wrongs: world.wrongs,
    trace,
    diagram: diagramOf(`seed ${seed}`, steps, world.wrongs),
    events,
    settlingEvents,
    elapsed: world.elapsed,
    faults: world.faults.counts,
    started: crew.count,
    replaced: crew.replacements,
    outcomes: outcomesOf(ledger),
  };
}

/** Steps that are drawn: the last ones, where the failure is. */
const DRAWN_STEPS = 24;

function diagramOf(title: string, all: readonly SequenceStep[], wrongs: readonly string[]): SequenceDiagram {
  const steps = all.slice(-DRAWN_STEPS);
  const wrong = { on: 'server', text: wrongs[0] ?? 'nothing is wrong', isBroken: true };
  return { title, parties: partiesOf(steps, 'server'), steps: [...steps, wrong] };
}

function outcomesOf(ledger: Ledger): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { entries } of ledger.batches)
    for (const { outcomes } of entries)
      for (const outcome of outcomes) {
        const name = 'error' in outcome ? outcome.error.code : 'value';
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
  return counts;
}
