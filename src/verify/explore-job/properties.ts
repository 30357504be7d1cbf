import { isRegistered, stateOfWorker } from '../../sleigh/agents.ts';
import type { Entity } from '../../store/change.ts';
import type { Value } from '../../workspace/value.ts';
import type { ExploredWorld } from './world.ts';

/** A property that does not hold, and why. */
export interface Wrong {
  readonly property: string;
  readonly what: string;
}

type Property = (world: ExploredWorld) => string | undefined;

const ONE_PLACE =
  'each task is in exactly one place: queued, waiting, with a worker, or answered; while there is a second copy, two workers have it; a job that shuts down may drop it';
const WITH_WORKER = 'with worker';

/** What must hold in every state. */
const PROPERTIES: Readonly<Record<string, Property>> = {
  'the policy does not fail, and the server reports no fault': ({ faults }) => faults[0],

  [ONE_PLACE]: (world) => {
    const places = placesOf(world);
    for (const task of world.tasks) {
      const where = places.get(task) ?? [];
      if (where.length > 1 && !isSecondCopy(where))
        return `${task} is in ${where.length} places: ${where.join(', ')}`;
      if (where.length === 0 && !world.isOver) return `${task} is nowhere`;
    }
    return undefined;
  },

  'jobStatus counts each task once': (world) => {
    const { all } = world.job.work.batches;
    const open = [...placesOf(world).values()].filter((where) => !where.includes('answered'));
    const running = open.filter(([where]) => where?.startsWith(WITH_WORKER) === true).length;
    return all.running === running && all.pending === open.length
      ? undefined
      : `${all.pending} pending and ${all.running} running, and there are ${open.length} and ${running}`;
  },

  'a worker has the task that it was given': ({ job, workers }) => {
    for (const { rank, holds, party } of workers) {
      const task = party && job.crew.find(rank)?.task;
      if (textOf(task?.value) !== holds)
        return `worker ${rank} has ${textOf(task?.value) ?? 'no task'}, and was given ${holds ?? 'none'}`;
    }
    return undefined;
  },

  'no worker waits while there is a task for it': ({ job, isOver }) => {
    if (isOver) return undefined;
    for (const worker of job.crew.everyWorker)
      if (stateOfWorker(worker) === 'waiting' && job.work.isAvailableFor(worker))
        return `worker ${worker.rank} waits`;
    return undefined;
  },

  'a task that is kept for workers of a host is kept for one where a worker is (S32)': ({ job, isOver }) => {
    if (isOver) return undefined;
    const hosts = new Set(
      Array.from(job.crew.everyWorker)
        .filter(isRegistered)
        .map(({ host }) => host),
    );
    for (const [, { task }] of job.work.placement.held())
      if (task.onHost === undefined || !hosts.has(task.onHost))
        return `${textOf(task.value)} is kept for ${task.onHost ?? 'nobody'}`;
    return undefined;
  },

  'a job that is loaded from its records has the same records (D8)': (world) => {
    const records = [...world.job.entities()];
    const loaded = world.loaded();
    loaded.load(records);
    const [before, after] = [textsOf(records), textsOf(loaded.entities())];
    const lost = [...before].find((text) => !after.has(text)) ?? [...after].find((text) => !before.has(text));
    return lost && `different: ${lost.slice(0, 300)}`;
  },
};

/** S31: two workers have the task, and nobody else. */
const isSecondCopy = (where: readonly string[]): boolean =>
  where.length === 2 && where.every((place) => place.startsWith(WITH_WORKER));

const textsOf = (entities: Iterable<Entity>): Set<string> =>
  new Set(Array.from(entities, ({ key, fields }) => `${key.join('/')} ${JSON.stringify(fields)}`));

const textOf = (value: Value | undefined): string | undefined =>
  typeof value?.payload === 'string' ? value.payload : undefined;

/** Where each task is. */
export function placesOf({ job }: ExploredWorld): Map<string, string[]> {
  const places = new Map<string, string[]>();
  const note = (task: string | undefined, where: string): void => {
    if (task !== undefined) places.set(task, [...(places.get(task) ?? []), where]);
  };
  const { tasks, batches } = job.work;
  for (const value of tasks.queued(0, tasks.length)) note(textOf(value), 'queued');
  for (const { task } of tasks.waiting) note(textOf(task.value), 'waiting');
  for (const { rank, task } of job.crew.everyWorker)
    if (task !== undefined && !task.isSettled) note(textOf(task.value), `${WITH_WORKER} ${rank}`);
  // A result repeats the metadata of its task; a null result has no text of its own.
  for (const { metadata } of batches.results(0, Number.MAX_SAFE_INTEGER))
    note(metadata.get('name'), 'answered');
  return places;
}

/** @returns the first property that does not hold, and why */
export function whatIsWrong(world: ExploredWorld): Wrong | undefined {
  for (const [property, holds] of Object.entries(PROPERTIES)) {
    const what = holds(world);
    if (what !== undefined) return { property, what };
  }
  return undefined;
}

/** What must happen still, if workers do their duty and time passes; undefined if all is done. */
export function whatIsDue(world: ExploredWorld): string | undefined {
  if (world.isDone) return undefined;
  if (world.isOver) return 'the job does not end';
  const places = placesOf(world);
  const open = world.tasks.find((task) => places.get(task)?.[0] !== 'answered');
  return open && `${open} never gets a result`;
}
