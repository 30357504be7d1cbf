import { Sleigh } from '../sleigh/sleigh.ts';
import type { Core } from '../core/core.ts';
import type { About } from './about.ts';
import { newest } from './paging.ts';
import type { History } from './history.ts';
import { sleighSummary } from './sleigh.ts';
import type { OverviewView, SleighSummary } from './types.ts';

const MOST_SLEIGHS = 100;

export const overview = (core: Core, about: About, rates: History): OverviewView => ({
  version: about.version,
  host: about.host,
  port: about.port,
  startedAt: about.startedAt,
  now: about.now(),
  writable: about.writable,
  replay: false,
  connections: core.counts.connections,
  blocked: core.blockedConnections,
  workspaces: core.workspaces.count,
  variables: core.workspaces.variableCount,
  bytesHeld: core.holdings.bytes,
  requests: Object.fromEntries(core.figures.requests),
  rates: rates.series,
  sleighs: newest(core.workspaces.occupied, MOST_SLEIGHS).flatMap(({ occupant }): SleighSummary[] =>
    occupant instanceof Sleigh ? [sleighSummary(occupant)] : [],
  ),
});
