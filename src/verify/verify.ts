import { verifyClauses, type ClauseReport } from './clauses.ts';
import type { ChartReport } from './coverage.ts';
import { replayAll, type ConversationReport } from './conversations.ts';
import { checkHistory, type HistoryReport } from './history/check.ts';
import { recordLoad } from './history/load.ts';
import type { Address } from './protocol-client.ts';
import { needsMetBy, type TestTarget } from './test-target.ts';
import { exploreAll, type Effort } from './models.ts';
import { runPaths, type Failure } from './paths.ts';

/** The findings about a server. */
export interface Verification {
  readonly clauses: readonly ClauseReport[];
  /** The findings about several clients that use variables at the same time. */
  readonly history: HistoryReport;
  readonly charts: readonly ChartReport[];
  readonly conversations: readonly ConversationReport[];
}

export interface VerifyOptions {
  readonly effort?: Effort;
  /** Run one path of this many, and each that reaches a state or a transition of its machine first: 1 runs all. */
  readonly oneIn?: number;
  /** Called for each path that fails, as soon as it does. */
  readonly onFailure?: (failure: Failure) => void;
}

/**
 * Runs generated paths through every machine.
 * @throws if the server cannot be reached
 */
export async function verifyCharts(
  target: TestTarget,
  { effort = 'short', oneIn = 1, onFailure }: VerifyOptions = {},
): Promise<ChartReport[]> {
  const met = await needsMetBy(target);
  return runPaths(exploreAll(met, effort), {
    target,
    met,
    oneIn,
    ...(onFailure !== undefined && { onFailure }),
  });
}

/**
 * Tries clause by clause, makes load and checks its history, runs the paths, and then the recorded conversations.
 * @throws when the server cannot be reached
 */
export async function verifyServer(target: TestTarget, options: VerifyOptions = {}): Promise<Verification> {
  await needsMetBy(target);
  const { clauses, history } = await verifyQuickly(target.server, options);
  const charts = await verifyCharts(target, options);
  const conversations = await replayAll(target.server, (reason) =>
    options.onFailure?.({ model: 'conversations', reason }),
  );
  return { clauses, history, charts, conversations };
}

/** The results of the first seconds: the clauses that a few requests can try, and those of concurrent clients. */
export async function verifyQuickly(
  server: Address,
  { effort = 'short', onFailure }: VerifyOptions = {},
): Promise<Pick<Verification, 'clauses' | 'history'>> {
  const clauses = await verifyClauses(server, ({ clause, what, failure = '' }) =>
    onFailure?.({ model: clause, reason: `${what} But ${failure}` }),
  );
  const history = checkHistory(await recordLoad(server, { requests: REQUESTS[effort] }));
  for (const { clauses: violated, what } of history.violations)
    onFailure?.({ model: violated.join(', '), reason: what });
  return { clauses, history };
}

/** Requests of each client of a variable. */
const REQUESTS = { short: 30, long: 300 };

/** Whether everything was visited and nothing deviated. */
export const isCovered = ({ states, transitions, failures }: ChartReport): boolean =>
  states.missing.length + transitions.missing.length + failures.length === 0;

export const isRight = ({ clauses, history, charts, conversations }: Verification): boolean =>
  clauses.every(({ failure }) => failure === undefined) &&
  history.violations.length === 0 &&
  charts.every(isCovered) &&
  conversations.every(({ failures }) => failures.length === 0);
