import type { Entity } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';
import type { DeadlineName, JobDeadlines } from './deadline-name.ts';
import type { Job } from './job.ts';
import type { JobKey } from './job-changes.ts';

interface Deadline {
  /** For its key; it never changes. */
  readonly number: number;
  readonly passed: (job: Job, agent: number) => void;
}

const DEADLINES: Readonly<Record<DeadlineName, Deadline>> = {
  grace: { number: 0, passed: ({ shutdown }) => shutdown.send({ type: 'grace.elapsed' }) },
  drain: { number: 1, passed: ({ shutdown }) => shutdown.send({ type: 'drain.elapsed' }) },
  joining: { number: 2, passed: ({ joinPhase }) => joinPhase.send({ type: 'joining.elapsed' }) },
  'return of worker': {
    number: 3,
    passed: ({ crew }, rank) => {
      const worker = crew.worker(rank);
      worker.actor.send({ type: 'return.elapsed', ...crew.owedBy(worker) });
    },
  },
  'absence of sentinel': {
    number: 4,
    passed: ({ crew }, id) => crew.sentinel(id).actor.send({ type: 'heartbeat.missed' }),
  },
  'wait of task': { number: 5, passed: ({ recovery }, task) => recovery.unfinished.waitElapsed(task) },
};

interface Running {
  readonly name: DeadlineName;
  readonly agent: number | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The deadlines of a job, by name and agent. They survive the server. */
export class Deadlines implements JobDeadlines {
  readonly #running = new Map<string, Running>();
  readonly #job: Job;

  constructor(job: Job) {
    this.#job = job;
  }

  start(name: DeadlineName, seconds: number, agent?: number): void {
    const { changes, now } = this.#job;
    const at = now + seconds * 1000;
    this.#run({ name, agent, at }, seconds);
    if (changes.isRecorded) changes.put(keyOf(name, agent), { at });
  }

  #run({ name, agent, at }: Running, seconds: number): void {
    const timer = timerOf(name, agent);
    this.#running.set(timer, { name, agent, at });
    this.#job.timers.start(timer, seconds, () => {
      this.#forget(name, agent);
      DEADLINES[name].passed(this.#job, agent ?? 0);
    });
  }

  /** When the next deadline of that name passes, in milliseconds since 1970; undefined if none runs. */
  next(name: DeadlineName): number | undefined {
    let next: number | undefined;
    for (const running of this.#running.values())
      if (running.name === name) next = Math.min(running.at, next ?? running.at);
    return next;
  }

  stop(name: DeadlineName, agent?: number): void {
    this.#job.timers.stop(timerOf(name, agent));
    this.#forget(name, agent);
  }

  /** The job has ended, and with it its timers. */
  forgetAll(): void {
    for (const { name, agent } of this.#running.values()) this.#forget(name, agent);
  }

  #forget(name: DeadlineName, agent: number | undefined): void {
    const { changes } = this.#job;
    if (this.#running.delete(timerOf(name, agent)) && changes.isRecorded) changes.delete(keyOf(name, agent));
  }

  *entities(): Generator<Entity> {
    for (const { name, agent, at } of this.#running.values())
      yield { key: this.#job.changes.keyOf(keyOf(name, agent)), fields: { at } };
  }

  /** Continues a deadline of before a restart. One that has passed meanwhile is due at once. */
  restore(entity: Entity): void {
    const [, , number, agent] = entity.key;
    const at = RecordReader.of(entity).number('at');
    for (const name of NAMES)
      if (DEADLINES[name].number === number)
        this.#run({ name, agent, at }, Math.max(at - this.#job.now, 0) / 1000);
  }
}

const NAMES: readonly DeadlineName[] = [
  'grace',
  'drain',
  'joining',
  'return of worker',
  'absence of sentinel',
  'wait of task',
];

const timerOf = (name: DeadlineName, agent: number | undefined): string =>
  agent === undefined ? name : `${name} ${agent}`;

const keyOf = (name: DeadlineName, agent: number | undefined): JobKey =>
  agent === undefined ? ['deadline', DEADLINES[name].number] : ['deadline', DEADLINES[name].number, agent];
