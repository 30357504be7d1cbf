import { reasonOf } from '../wire/error-kind.ts';
import { once } from 'node:events';
import { Coverage, type ChartReport } from './coverage.ts';
import type { TestTarget, Need } from './test-target.ts';
import type { Exploration, Plan, Route } from './exploration.ts';

/** A path on which the server deviated from its machines. */
export interface Failure {
  readonly model: string;
  readonly reason: string;
}

/** A model of a machine, with any types. */
export type AnyExploration = Pick<
  Exploration<never, never, never>,
  'name' | 'bound' | 'index' | 'plan' | 'visits' | 'run'
>;

export interface PathOptions {
  readonly target: TestTarget;
  readonly met: ReadonlySet<Need>;
  /** Resolve at the first failure. */
  readonly hasty?: boolean;
  /** Run one path of this many, and each that reaches a state or a transition first: 1 runs all. */
  readonly oneIn?: number;
  readonly onFailure?: (failure: Failure) => void;
}

/** Paths that run at the same time. Slow paths mostly wait; those with periods must not be late. */
const AT_A_TIME = 8;
const TIMED_AT_A_TIME = 24;
const SLOW_AT_A_TIME = 400;
/** The factor by which periods grow from one attempt to the next. */
const SCALES = [1, 3, 10];
/** Slow paths all begin at once, which makes the first steps slow. */
const SLOW_SCALES = [4, 10];

const scalesFor = ({ timed, slow }: Route): readonly number[] => (!timed ? [1] : slow ? SLOW_SCALES : SCALES);

interface Job {
  readonly exploration: AnyExploration;
  readonly route: Route;
}

/** Runs the paths of all models. @returns a report for each chart, in the order of the models */
export async function runPaths(
  explorations: readonly AnyExploration[],
  options: PathOptions,
): Promise<ChartReport[]> {
  const plans = new Map<AnyExploration, Plan>(explorations.map((one) => [one, one.plan()]));
  const coverage = new Coverage(plans);
  const jobs = [...plans].flatMap(([exploration, { routes }]) =>
    sampleOf(exploration, routes, options.oneIn ?? 1).map((route): Job => ({ exploration, route })),
  );
  const firstFailure = new AbortController();
  const runAll = (some: readonly Job[], atATime: number): Promise<void> =>
    pooled(some, atATime, async ({ exploration, route }) => {
      if (firstFailure.signal.aborted) return;
      const reason = await attempt(exploration, route, options, coverage);
      if (reason === undefined) return;
      coverage.fail(exploration, reason);
      options.onFailure?.({ model: exploration.name, reason });
      if (options.hasty === true) firstFailure.abort();
    });
  const stopped = once(firstFailure.signal, 'abort');
  const all = Promise.all([
    runAll(
      jobs.filter(({ route }) => route.slow),
      SLOW_AT_A_TIME,
    ),
    runAll(
      jobs.filter(({ route }) => route.timed && !route.slow),
      TIMED_AT_A_TIME,
    ),
    runAll(
      jobs.filter(({ route }) => !route.timed && !route.slow),
      AT_A_TIME,
    ),
  ]);
  await Promise.race([all, stopped]);
  return coverage.reports();
}

function sampleOf(exploration: AnyExploration, routes: readonly Route[], oneIn: number): readonly Route[] {
  const visited = new Set<string>();
  return routes.filter((route, n) => {
    const found = [...exploration.visits(route)].filter((one) => !visited.has(one));
    for (const one of found) visited.add(one);
    return n % oneIn === 0 || found.length > 0;
  });
}

/** @returns the reason of a failure, if any */
async function attempt(
  exploration: AnyExploration,
  route: Route,
  { target }: PathOptions,
  coverage: Coverage,
): Promise<string | undefined> {
  let reason: string | undefined;
  for (const [n, scale] of scalesFor(route).entries()) {
    try {
      await exploration.run({ ...route, scale, target }, (seen) => coverage.see(exploration, seen));
      coverage.ran(exploration, n > 0);
      return undefined;
    } catch (error) {
      reason = reasonOf(error);
    }
  }
  return reason;
}

async function pooled<T>(items: readonly T[], most: number, act: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
}
