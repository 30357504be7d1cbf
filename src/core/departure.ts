import type { ClosedBy } from '../machines/session.ts';
import type { Changes } from '../store/change-recorder.ts';
import type { Opener } from '../workspace/references.ts';
import type { InSteps, Steps } from '../workspace/steps.ts';
import { eachInSteps } from '../workspace/steps.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Workspaces } from '../workspace/workspaces.ts';
import type { Audit } from './audit.ts';
import type { Command } from './commands.ts';
import type { Caller } from './verbs.ts';

export interface DepartureHost {
  readonly workspaces: Workspaces;
  readonly audit: Audit;
  readonly inSteps: InSteps;
  /** Runs a function whose failure must not prevent those after it. An error is logged. */
  readonly contained: (act: () => void) => void;
  command(command: Command): void;
}

/**
 * A client has disconnected for good: its memberships and its workspaces end, and perhaps the server (V12, W6, S13, P3).
 * When a server with a store stops, this is so only for what ends with the server: the rest learns after the restart
 * that the connections have closed (D4, D8).
 */
export function depart(core: DepartureHost, client: Caller, by: ClosedBy): void {
  core.inSteps(departure(core, client, by === 'stop'));
  if (!client.killsServer) return;
  core.audit.stops(client.peer);
  core.command({ type: 'stopServer' });
}

function* departure({ workspaces, contained }: DepartureHost, client: Caller, stops: boolean): Steps {
  yield* eachInSteps(client.closeListeners, (place) => {
    if (!stops || place.survivesServer !== true) contained(() => place.clientLeft(client));
  });
  const isKept = stops && client.isSession === true;
  yield* isKept ? workspaces.sessionStops(client, contained) : workspaces.clientLeft(client, contained);
}

/**
 * Whether a client would lose something if the server stopped now. A session goes on when a server with a store is started
 * again (P15.3), and loses only workspaces that do not survive (D8). Any other client loses its connection.
 */
export function someWouldLose(core: {
  readonly connections: Iterable<{ readonly client: Opener }>;
  readonly changes: Changes;
}): boolean {
  // Many sessions use the same workspace.
  const used = new Set<Workspace>();
  for (const { client } of core.connections) {
    if (!core.changes.isRecorded || client.isSession !== true) return true;
    for (const workspace of client.references.values()) used.add(workspace);
  }
  return [...used].some(({ deleted, record }) => !deleted && !record.survivesServer);
}
