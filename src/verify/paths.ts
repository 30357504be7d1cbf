import { Coverage, type ChartReport } from './coverage.ts';
import type { Grounds, Need } from './grounds.ts';
import type { Exploration, Plan, Route } from './exploration.ts';

/** A path on which the server did something else than its charts. */
export interface Failure {
  readonly model: string;
  readonly reason: string;
}

/** A model of a chart, whatever its types are. */
export type AnyExploration = Pick<
  Exploration<never, never, never>,
  'name' | 'bound' | 'index' | 'plan' | 'run'
>;

export interface PathOptions {
  readonly grounds: Grounds;
  readonly met: ReadonlySet<Need>;
  /** Stop at the first failure. */
  readonly hasty?: boolean;
  readonly onFailure?: (failure: Failure) => void;
}

/** Paths that are run at a time; those that take long wait for the most part. */
const AT_A_TIME = 24;
const SLOW_AT_A_TIME = 400;
/** How much longer periods get from one attempt to the next. */
const SCALES = [1, 3, 10];

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
    routes.map((route): Job => ({ exploration, route })),
  );
  const isSlow = ({ route }: Job): boolean => route.slow || route.timed;
  let failed = false;
  const runAll = (some: readonly Job[], atATime: number): Promise<void> =>
    pooled(some, atATime, async ({ exploration, route }) => {
      if (failed && options.hasty === true) return;
      const reason = await attempt(exploration, route, options, coverage);
      if (reason === undefined) return;
      failed = true;
      coverage.fail(exploration, reason);
      options.onFailure?.({ model: exploration.name, reason });
    });
  await Promise.all([
    runAll(jobs.filter(isSlow), SLOW_AT_A_TIME),
    runAll(
      jobs.filter((job) => !isSlow(job)),
      AT_A_TIME,
    ),
  ]);
  return coverage.reports();
}

/** @returns why it failed, if it did */
async function attempt(
  exploration: AnyExploration,
  route: Route,
  { grounds }: PathOptions,
  coverage: Coverage,
): Promise<string | undefined> {
  let reason: string | undefined;
  for (const scale of route.timed ? SCALES : [1]) {
    try {
      await exploration.run({ ...route, scale, grounds }, (seen) => coverage.see(exploration, seen));
      coverage.ran(exploration, scale);
      return undefined;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
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
