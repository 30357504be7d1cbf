import { stateOfWorker } from '../../src/sleigh/agents.ts';
import { SLEEP } from './facts.ts';
import type { World } from './world.ts';
import { isShuttingDown } from '../../test/support/phase.ts';

import { firstOf, type Property, type Step, type Wrong } from './property.ts';
import { OF_STATES } from './state-properties.ts';

const ALWAYS: Readonly<Record<string, Property>> = {
  'every blocked request is answered exactly once, or withdrawn with its connection; the charts get no event that they do not expect':
    ({ book }) => book.faults[0],
};

/** What must hold when the workspace has been deleted. */
const AFTERWARDS: Readonly<Record<string, Property>> = {
  'after S16 no actor, timer or waiter of it is left': (world) => {
    const { sleigh, timers, accounting, workspace, parties } = world;
    if (timers.running.size > 0 || world.picture.timers.size > 0) return 'a timer is left';
    if (accounting.bytes !== 0 || accounting.memory !== 0 || workspace.accounting.bytes !== 0)
      return 'values are held';
    const actors = [
      sleigh.supervisor,
      ...sleigh.crew.workers.map(actorOf),
      ...sleigh.crew.sentinels.map(actorOf),
    ];
    if (actors.some((actor) => actor.getSnapshot().status === 'active')) return 'an actor is left';
    return firstOf(parties, ({ name, isBlocked, closeListeners }) =>
      isBlocked
        ? `${name} still waits`
        : closeListeners.size > 0
          ? `${name} is still known to the sleigh`
          : undefined,
    );
  },
};

/** What must hold of every step; each name is the text of its property. */
const OF_STEPS: Readonly<Record<string, Property>> = {
  'broadcasts come before tasks': ({ parties, sleigh, book }) =>
    firstOf(sleigh.crew.workers, (worker) => {
      const me = parties.find((party) => party === worker.client);
      if (me === undefined || me.holds === undefined || !book.given.includes(me)) return undefined;
      // It was given a task in this step, and only a broadcast itself may have come since.
      const { task } = worker;
      const isTask = task !== undefined && task.broadcast === undefined;
      return isTask && sleigh.work.tasks.copiesFor(worker) > 0
        ? `worker ${worker.rank} was given a task before its broadcasts`
        : undefined;
    }),

  'a dead, left or deadbeat worker never comes back to life': ({ book, sleigh }) =>
    firstOf(book.ended, ([rank, state]) => {
      const now = stateOfWorker(sleigh.crew.worker(rank));
      return now === state ? undefined : `worker ${rank} was ${state} and is ${now}`;
    }),

  'the group never opens again': ({ sleigh }, { before }) =>
    before.isClosed && sleigh.joining.phase !== 'closed' ? 'the group has opened' : undefined,

  'the number in the replies to waiting clients is the number registered at that moment': (
    { book },
    { before },
  ) => {
    const number = before.isClosed ? book.numberAtClosing : book.living.size;
    const wrong = book.told.find((told) => told !== number);
    return wrong === undefined ? undefined : `${wrong} was told and ${number} are registered`;
  },

  'a worker that leaves while the sleigh shuts down has not died': ({ book, sleigh }, { before }) =>
    before.isShuttingDown
      ? firstOf(sleigh.crew.workers, (worker) =>
          stateOfWorker(worker) === 'dead' && !book.ended.has(worker.rank)
            ? `worker ${worker.rank} died`
            : undefined,
        )
      : undefined,

  'the sleigh shuts down for one of the reasons of S13, S14 and S15': (
    { sleigh, book, cast },
    { name, before },
  ) => {
    if (!isShuttingDown(sleigh) || before.isShuttingDown) return undefined;
    const asked = /ride over|stops|is deleted/.test(name);
    const byPolicy = cast.policy === 'shutdown' && book.deaths + book.failures > 0;
    // Who is lost may come back: the job does not end for that (S18).
    const endsEmpty =
      (sleigh.joining.phase === 'closed' && !book.isSupervised) || name === 'timer: grace' || name === SLEEP;
    const empty = book.living.size + book.stopping === 0 && endsEmpty;
    return asked || byPolicy || empty ? undefined : 'there was no reason to shut down';
  },

  'the sleigh continues only while its policy allows it': ({ sleigh, book, cast }) =>
    cast.policy === 'shutdown' && book.deaths + book.failures > 0 && !isShuttingDown(sleigh)
      ? 'a worker died, or failed its task'
      : undefined,
};

const ofSteps = Object.entries({ ...ALWAYS, ...OF_STEPS });
const ofStates = Object.entries(OF_STATES);
const ofTheEnd = Object.entries({ ...ALWAYS, ...AFTERWARDS });

/** @returns the property that does not hold, and why */
export function whatIsWrong(world: World, step: Step, isChanged: boolean): Wrong | undefined {
  if (world.isDeleted) return firstWrong(ofTheEnd, world, step);
  return firstWrong(ofSteps, world, step) ?? (isChanged ? firstWrong(ofStates, world, step) : undefined);
}

function firstWrong(properties: readonly [string, Property][], world: World, step: Step): Wrong | undefined {
  for (const [property, check] of properties) {
    const what = check(world, step);
    if (what !== undefined) return { property, what };
  }
  return undefined;
}

const actorOf = <Actor>({ actor }: { readonly actor: Actor }): Actor => actor;
