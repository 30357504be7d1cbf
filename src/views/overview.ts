import { Sleigh } from '../sleigh/sleigh.ts';
import type { Core } from '../core/core.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { About } from './about.ts';
import { clusterView } from './cluster.ts';
import { named } from './names.ts';
import { newest } from './paging.ts';
import type { History } from './history.ts';
import type { SleighFigures } from './sleigh-figures.ts';
import { sleighSummary } from './sleigh.ts';
import type { StorageFigures } from './storage.ts';
import type { OldSleighSummary } from './old-sleigh-types.ts';
import type { OverviewView, SleighSummary } from './types.ts';
import { troublesFirst } from './whole.ts';
import type { OverviewCounts } from './whole-types.ts';
import type { VerificationView } from './verification-types.ts';

const MAX_SLEIGHS = 100;

/** @returns undefined if no job runs, because the variables of one may have other uses */
function oldSleighSummary({ name, oldSleigh }: Workspace): OldSleighSummary[] {
  if (oldSleigh?.isRunning !== true) return [];
  const { workers, queued, running, results, lost } = oldSleigh;
  return [{ ...named(name), workers, queued, running, results, lost }];
}

function verification({ verifier, figures }: Core): VerificationView | null {
  if (verifier === undefined) return null;
  const { violations, newestViolations } = figures;
  return {
    steps: verifier.steps,
    violations: [...violations.values()].reduce((sum, count) => sum + count, 0),
    newest: newestViolations
      .map(({ time, scope, actor, event, reason, story }) => ({ time, scope, actor, event, reason, story }))
      .toReversed(),
  };
}

/** What is measured over time. */
export interface OverviewFigures {
  readonly rates: History;
  /** Undefined if nothing survives the server. */
  readonly storage: StorageFigures | undefined;
  readonly figuresOf: (sleigh: Sleigh) => SleighFigures;
}

export const overviewCounts = (core: Core): OverviewCounts => ({
  connections: core.counts.connections,
  blocked: core.blockedConnections,
  workspaces: core.workspaces.count,
  variables: core.workspaces.variableCount,
  bytesHeld: core.accounting.bytes,
});

/** Those in trouble first, then newest first. */
export const sleighSummaries = (
  core: Core,
  now: number,
  figuresOf: OverviewFigures['figuresOf'],
): SleighSummary[] =>
  troublesFirst(
    newest(core.workspaces.occupied, MAX_SLEIGHS).flatMap(({ plugin }) =>
      plugin instanceof Sleigh ? [sleighSummary(plugin, figuresOf(plugin), now)] : [],
    ),
  );

/** Newest first. */
export const oldSleighSummaries = (core: Core): OldSleighSummary[] =>
  newest(core.workspaces.oldSleighs, MAX_SLEIGHS).flatMap(oldSleighSummary);

export const overview = (
  core: Core,
  about: About,
  { rates, storage, figuresOf }: OverviewFigures,
): OverviewView => ({
  version: about.version,
  host: about.host,
  port: about.port,
  startedAt: about.startedAt,
  now: about.now(),
  writable: about.writable,
  replay: false,
  ...overviewCounts(core),
  verification: verification(core),
  storage: storage?.view ?? null,
  cluster: about.cluster === undefined ? null : clusterView(about.cluster),
  requests: Object.fromEntries(core.figures.requests),
  rates: rates.series,
  sleighs: sleighSummaries(core, about.now(), figuresOf),
  oldSleighs: oldSleighSummaries(core),
});
