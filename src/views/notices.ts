/**
 * The rules for what is wrong with a job. Each is a condition on what can be seen of it, and a sentence for people. How
 * long a condition has held is sampled once a second.
 */
import type { NoticeView } from './progress-types.ts';
import type { SleighSummary } from './types.ts';

/** What the rules look at. */
export interface JobFacts extends Pick<
  SleighSummary,
  'state' | 'hasFailed' | 'joinPhase' | 'shutdown' | 'workers' | 'queued' | 'running' | 'results' | 'progress'
> {
  readonly now: number;
  /** Whether a client waits for a result. */
  readonly masterWaits: boolean;
  readonly registered: number;
  readonly expected: number;
  /** Clients that wait for the group to close. */
  readonly waitForGroup: number;
  /** When the last task was completed; undefined if none was. */
  readonly lastCompletedAt: number | undefined;
  /** The milliseconds that a completed task took, on average; undefined without one. */
  readonly usualMs: number | undefined;
  /** The milliseconds of the task that has run longest, and its rank. */
  readonly longest: { readonly rank: number; readonly milliseconds: number } | undefined;
  /** Tasks without a result. */
  readonly unanswered: number;
  /** When the group closes, when a job without workers ends, when one that shuts down does, and when a worker counts as dead. */
  readonly deadlines: {
    readonly joining: number | undefined;
    readonly grace: number | undefined;
    readonly drain: number | undefined;
    readonly returning: number | undefined;
  };
}

/** A job makes no progress if nothing was completed for this many times as long as a task usually takes. */
const STALLED_TIMES = 10;
/** A task runs far longer than the others if it has taken this many times as long as they do. */
const LONG_TIMES = 10;
/** Milliseconds below which nothing counts as stalled. */
const SHORTEST_STALL_MS = 30_000;
/** Milliseconds after which results that nobody takes, and a group that waits, are a trouble. */
const PATIENCE_MS = 30_000;

/** The troubles, by their names in `sleigh_jobs_in_trouble` (docs/operations.md has an alert for each). */
export const TROUBLES = [
  'server-fault',
  'failed-elements',
  'job-failed',
  'dead-workers',
  'lost-connections',
  'no-workers',
  'tasks-not-taken',
  'waiting-for-workers',
  'nothing-finishes',
  'long-task',
  'master-does-not-fetch',
] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface Notice extends Pick<NoticeView, 'text' | 'deadline'> {
  /** Undefined for a hint, which only explains what is shown. */
  readonly trouble: Trouble | undefined;
  /** When it began; the default is when it was first seen. */
  readonly began?: number | undefined;
  /** Milliseconds for which it must hold before it is shown. */
  readonly after?: number;
}

/** The rules, the most urgent first. */
export function* noticesOf(facts: JobFacts): Generator<Notice> {
  const { state, hasFailed, progress } = facts;
  if (hasFailed) {
    yield trouble(
      'server-fault',
      'It has failed by a fault of the server: waiting clients were answered, and it has ended',
    );
    return;
  }
  if (progress.failed > 0)
    yield trouble(
      'failed-elements',
      `${counted(progress.failed, progress.unit.slice(0, -1), progress.unit)} failed`,
    );
  if (state === 'serving') yield* whileServing(facts);
  else yield* ofShutdown(facts);
}

function* whileServing(facts: JobFacts): Generator<Notice> {
  const { workers, queued, running, results } = facts;
  const dead = inStates(workers, 'dead');
  const disconnected = inStates(workers, 'disconnected');
  if (dead > 0) yield trouble('dead-workers', `${counted(dead, 'worker has', 'workers have')} died`);
  if (disconnected > 0)
    yield trouble(
      'lost-connections',
      `${counted(disconnected, 'worker has', 'workers have')} lost the connection`,
      deadline('counts as dead', facts.deadlines.returning),
    );
  yield* ofWorkers(facts);
  yield* ofTime(facts);
  if (results > 0 && queued + running === 0 && !facts.masterWaits)
    yield {
      ...trouble(
        'master-does-not-fetch',
        `The master does not fetch: ${counted(results, 'result waits', 'results wait')}`,
      ),
      after: PATIENCE_MS,
    };
}

function* ofShutdown({ shutdown, unanswered, workers, deadlines }: JobFacts): Generator<Notice> {
  const isByItself = shutdown.endsWith('byItself');
  const dead = inStates(workers, 'dead');
  const died =
    dead === 0 ? '' : dead === total(workers) ? ', every worker died' : `, ${counted(dead, 'worker')} died`;
  if (isByItself && unanswered > 0)
    yield trouble('job-failed', `The job has failed: ${counted(unanswered, 'task')} dropped${died}`);
  else if (isByItself) yield trouble('job-failed', 'It shuts down by itself, because it cannot continue');
  else if (unanswered > 0) yield hint(`${counted(unanswered, 'task')} will not be done: the job was stopped`);
  if (deadlines.drain !== undefined)
    yield hint('Workers may end what they do', deadline('the job ends', deadlines.drain));
}

function* ofWorkers(facts: JobFacts): Generator<Notice> {
  const { workers, queued, running, results, joinPhase } = facts;
  const registered = inStates(workers, 'idle', 'waiting', 'busy', 'disconnected');
  const reserved = inStates(workers, 'reserved', 'replacing');
  const waiting = inStates(workers, 'waiting');
  if (registered === 0) {
    const end = deadline('the job ends', facts.deadlines.grace);
    if (queued > 0)
      yield trouble(
        'no-workers',
        `${counted(queued, 'task waits', 'tasks wait')}, and no worker is there to take them`,
        end,
      );
    else if (total(workers) === 0) yield hint('No sentinel has fetched a rank yet', end);
    if (reserved > 0)
      yield hint(
        `${counted(reserved, 'rank was', 'ranks were')} given out whose workers have not registered`,
      );
  } else if (queued > 0 && waiting > 0 && running === 0)
    yield trouble('tasks-not-taken', 'Workers wait although tasks are queued');
  else if (queued + running === 0 && waiting === registered)
    yield hint(
      results > 0
        ? `All workers wait for tasks: ${counted(results, 'result waits', 'results wait')} to be fetched by the master`
        : 'All workers wait for tasks: none is queued',
    );
  else if (queued > 0 && inStates(workers, 'idle') === registered)
    yield hint('Tasks are queued, and no worker has fetched one yet');
  if (facts.waitForGroup > 0 && !joinPhase.endsWith('closed'))
    yield {
      ...trouble(
        'waiting-for-workers',
        `Waiting for workers: ${count(facts.registered)} of ${count(facts.expected)} registered`,
        deadline('closes', facts.deadlines.joining),
      ),
      after: PATIENCE_MS,
    };
}

function* ofTime({ now, running, lastCompletedAt, usualMs, longest }: JobFacts): Generator<Notice> {
  if (usualMs === undefined || lastCompletedAt === undefined) return;
  const limit = Math.max(SHORTEST_STALL_MS, STALLED_TIMES * usualMs);
  if (running > 0 && now - lastCompletedAt > limit)
    yield {
      ...trouble(
        'nothing-finishes',
        `Nothing has finished, although a task usually takes ${inSeconds(usualMs)}`,
      ),
      began: lastCompletedAt,
    };
  else if (longest !== undefined && longest.milliseconds > Math.max(SHORTEST_STALL_MS, LONG_TIMES * usualMs))
    yield {
      ...trouble(
        'long-task',
        `Worker ${longest.rank} runs a task far longer than the others, which take ${inSeconds(usualMs)}`,
      ),
      began: now - longest.milliseconds,
    };
}

const trouble = (name: Trouble, text: string, deadline?: Deadline): Notice => ({
  trouble: name,
  text,
  deadline,
});
const hint = (text: string, deadline?: Deadline): Notice => ({ trouble: undefined, text, deadline });

type Deadline = NoticeView['deadline'];
/** @param what what happens then, as in `closes` */
const deadline = (what: string, at: number | undefined): Deadline =>
  at === undefined ? undefined : { what, at };

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const count = (n: number): string => whole.format(n);
const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
const inSeconds = (milliseconds: number): string => `${Number((milliseconds / 1_000).toPrecision(2))} s`;

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);
const inStates = (counts: Readonly<Record<string, number>>, ...leaves: string[]): number =>
  Object.entries(counts).reduce(
    (sum, [state, n]) => sum + (leaves.includes(state.split('.').at(-1) ?? '') ? n : 0),
    0,
  );
