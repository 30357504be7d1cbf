import { stateOfWorker } from '../../sleigh/agents.ts';
import { placesOf } from './properties.ts';
import type { ExploredWorker, ExploredWorld } from './world.ts';

/** Something that may happen next. */
export interface JobStep {
  /** Who, and what it does: `worker 1: dies`. */
  readonly name: string;
  /** Whether it happens at some time if it is possible again and again: what clients owe, and the passing of time. */
  readonly isFair: boolean;
  readonly run: (world: ExploredWorld) => void;
}

/** All that may happen in a state. */
export function stepsIn(world: ExploredWorld): JobStep[] {
  const { options, tasks, workers, failures, isOver, isDone, timers } = world;
  if (isDone) return [];
  const steps: JobStep[] = timers.map((timer) => ({
    name: `time: the ${timer} has passed`,
    isFair: true,
    run: (at) => at.expire(timer),
  }));
  if (tasks.length < options.tasks && !isOver)
    steps.push({ name: 'master: stores a task', isFair: true, run: (at) => at.submit() });
  for (const [n, worker] of workers.entries())
    steps.push(...stepsOf(worker, n, failures < options.failures, isOver));
  return steps;
}

function* stepsOf(worker: ExploredWorker, n: number, mayFail: boolean, isOver: boolean): Generator<JobStep> {
  const step = (
    what: string,
    isFair: boolean,
    act: (world: ExploredWorld, one: ExploredWorker) => void,
  ): JobStep => ({
    name: `worker ${n}: ${what}`,
    isFair,
    run: (world) => {
      const one = world.workers[n];
      if (one !== undefined) act(world, one);
    },
  });
  const { party, holds } = worker;
  if (party === undefined) {
    if (!isOver) yield step('comes', true, (world, one) => world.join(one));
    return;
  }
  if (mayFail)
    yield step('dies', false, (world, one) => {
      world.failures++;
      world.die(one);
    });
  if (holds !== undefined) {
    yield step(`stores the result of ${holds}`, true, (world, one) => world.complete(one));
    if (mayFail)
      yield step(`fails ${holds}, and asks for another task`, false, (world, one) => {
        world.failures++;
        world.ask(one);
      });
  } else if (party.waiting === undefined && !isOver)
    yield step('asks for a task', true, (world, one) => world.ask(one));
}

/** All of a state on which it depends what may happen next, as a text. */
export function keyOf(world: ExploredWorld): string {
  const { job, workers, tasks, failures } = world;
  const { work, crew } = job;
  const attempts = [...crew.everyWorker].flatMap(({ task }) =>
    task === undefined ? [] : `${task.number} ${task.attempts} ${task.isSettled}`,
  );
  return JSON.stringify([
    job.shutdown.getSnapshot().value,
    tasks.length,
    failures,
    [...placesOf(world)].map(([task, where]) => [task, where.map((place) => place.replace(/ \d+$/, ''))]),
    work.tasks.queued(0, work.tasks.length).map(({ payload }) => payload),
    Array.from(work.tasks.waiting, ({ task, actor }) => [
      task.value.payload,
      task.attempts,
      'kept' in actor ? null : [actor.getSnapshot().value, actor.getSnapshot().context],
    ]),
    attempts,
    Array.from(work.stragglers.watched(), (number) => {
      const { value, context } = job.actor(`stragglers.${number}`)?.getSnapshot() ?? {};
      return [number, value, context];
    }),
    [...work.stragglers.wantedNumbers()],
    Array.from(work.placement.held(), ([number, { task, waits, actor }]) => {
      const { value, context } = actor.getSnapshot();
      return [number, task.onHost, waits, value, context];
    }),
    Array.from(work.tasks.entities(), ({ key, fields }) => [key, fields['attempts']]),
    world.timers,
    workers.map(({ party, rank, holds }) => {
      const worker = crew.find(rank);
      if (party === undefined || worker === undefined) return null;
      return [stateOfWorker(worker), holds, party.waiting !== undefined];
    }),
    Array.from(work.line, ({ client }) => workers.findIndex(({ party }) => party === client)),
  ]);
}
