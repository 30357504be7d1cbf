import type { Connection } from '../core/connection.ts';
import type { Core } from '../core/core.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import { actorView, stateOf } from './actors.ts';
import { named } from './names.ts';
import { pageOf, slice, type Range } from './paging.ts';
import type { ClientsView, ClientSummary, ClientView, RequestView } from './types.ts';

const MOST = 100;

/** In the order in which they came. */
export const clientsView = (core: Core, range: Range): ClientsView =>
  pageOf(core.counts.connections, range, core.connections, summary);

const summary = (connection: Connection): ClientSummary => ({
  id: connection.id,
  peer: connection.peer,
  state: stateOf(connection.actor),
  connectedAt: connection.connectedAt,
  requests: connection.requests,
  last: requestView(connection),
});

function requestView({ lastRequest }: Connection): RequestView | undefined {
  if (lastRequest === undefined) return undefined;
  const { workspace, variable } = lastRequest;
  return {
    ...lastRequest,
    workspace: workspace === undefined ? undefined : named(workspace),
    variable: variable === undefined ? undefined : named(variable),
  };
}

export const clientView = (connection: Connection): ClientView => ({
  ...summary(connection),
  actor: actorView(connection.actor),
  owns: Array.from(slice(owned(connection), { from: 0, count: MOST }), ({ name }) => named(name)),
  roles: Array.from(slice(roles(connection), { from: 0, count: MOST })),
});

function* owned(connection: Connection) {
  for (const workspace of connection.references.values())
    if (!workspace.deleted && workspace.owners.has(connection)) yield workspace;
}

/** It hears of its departure, so its sleighs are among those that are told. */
function* roles(connection: Connection) {
  for (const place of connection.departures)
    if (place instanceof Sleigh)
      for (const actor of place.crew.actorsOf(connection))
        yield { sleigh: named(place.workspace.name), actor: actor.id };
}
