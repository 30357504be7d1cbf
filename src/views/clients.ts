import type { Connection } from '../core/connection.ts';
import type { Core } from '../core/core.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import { actorView, stateOf } from './actors.ts';
import { named, titleOf } from './names.ts';
import { listOf, slice, type Columns, type ListQuery } from './paging.ts';
import type { ClientsView, ClientSummary, ClientView, RequestView } from './types.ts';

const CLIENTS_SHOWN = 100;

/**
 * The clients in the order in which they connected.
 * @param state only those in this state, or in a state inside it
 */
export function clientsView(core: Core, state: string | null, query: ListQuery): ClientsView {
  const counts = countsOf(core);
  const inside = Object.entries(counts).filter(([key]) => state === null || isInside(key, state));
  const total = inside.reduce((sum, [, n]) => sum + n, 0);
  return { ...listOf(total, query, among(core.connections, state), OF_CLIENTS, summary), counts };
}

const OF_CLIENTS: Columns<Connection> = {
  text: ({ id, peer, lastRequest }) =>
    `${id} ${peer} ${titleOf(lastRequest?.workspace ?? '')} ${titleOf(lastRequest?.variable ?? '')}`,
  keys: {
    id: ({ id }) => id,
    peer: ({ peer }) => peer,
    requests: ({ requests }) => requests,
    since: ({ connectedAt }) => connectedAt,
  },
};

const isInside = (inner: string, state: string): boolean => inner === state || inner.startsWith(`${state}.`);

function* among(connections: Iterable<Connection>, state: string | null): Generator<Connection> {
  for (const connection of connections)
    if (state === null || isInside(stateOf(connection.actor), state)) yield connection;
}

/** Omits closed connections, which are not clients any more. */
function countsOf({ connectionCounts }: Core): Readonly<Record<string, number>> {
  const { closed: _, ...counts } = connectionCounts.all;
  return counts;
}

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
  owns: Array.from(slice(owned(connection), { from: 0, count: CLIENTS_SHOWN }), ({ name }) => named(name)),
  roles: Array.from(slice(roles(connection), { from: 0, count: CLIENTS_SHOWN })),
});

function* owned(connection: Connection) {
  const { client } = connection;
  for (const workspace of client.references.values())
    if (!workspace.deleted && workspace.owners.has(client)) yield workspace;
}

/** A sleigh listens for the end of its clients, so the listeners of a connection name its sleighs. */
function* roles(connection: Connection) {
  const { client } = connection;
  for (const place of client.closeListeners)
    if (place instanceof Sleigh)
      for (const actor of place.crew.actorsOf(client))
        yield { sleigh: named(place.workspace.name), actor: actor.id };
}
