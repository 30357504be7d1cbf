import type { ChartReport } from './coverage.ts';
import { replayAll, type ConversationReport } from './conversations.ts';
import { needsMetBy, type TestTarget } from './test-target.ts';
import { exploreAll, type Effort } from './models.ts';
import { runPaths, type Failure } from './paths.ts';

/** What a server was found to do. */
export interface Verification {
  readonly charts: readonly ChartReport[];
  readonly conversations: readonly ConversationReport[];
}

export interface VerifyOptions {
  readonly effort?: Effort;
  /** Run one path in so many, and each that comes first to a state or a transition of its chart: 1 runs all. */
  readonly oneIn?: number;
  /** Told of each path that fails, as soon as it does. */
  readonly onFailure?: (failure: Failure) => void;
}

/** Runs generated paths through every chart. @throws when the server cannot be reached */
export async function verifyCharts(
  grounds: TestTarget,
  { effort = 'short', oneIn = 1, onFailure }: VerifyOptions = {},
): Promise<ChartReport[]> {
  const met = await needsMetBy(grounds);
  return runPaths(exploreAll(met, effort), {
    grounds,
    met,
    oneIn,
    ...(onFailure !== undefined && { onFailure }),
  });
}

/** Runs the paths and then the recorded conversations. @throws when the server cannot be reached */
export async function verifyServer(grounds: TestTarget, options: VerifyOptions = {}): Promise<Verification> {
  const charts = await verifyCharts(grounds, options);
  const conversations = await replayAll(grounds.server, (reason) =>
    options.onFailure?.({ model: 'conversations', reason }),
  );
  return { charts, conversations };
}

/** Whether everything was visited, and nothing differed. */
export const isCovered = ({ states, transitions, failures }: ChartReport): boolean =>
  states.missing.length + transitions.missing.length + failures.length === 0;

export const isRight = ({ charts, conversations }: Verification): boolean =>
  charts.every(isCovered) && conversations.every(({ failures }) => failures.length === 0);
