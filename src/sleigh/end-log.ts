import type { ShutdownEvent } from '../machines/shutdown.ts';
import type { WorkerEvent } from '../machines/worker-setup.ts';
import type { Worker } from './agents.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** The reason for a death if the sentinel does not report one. */
const REASONS: Partial<Record<WorkerEvent['type'], string>> = {
  'connection.closed': 'its connection closed',
  'sentinel.gone': 'its sentinel is gone',
  'return.elapsed': 'it was lost, and neither came back nor was its end reported',
  'death.reported': 'its death was reported',
  'rank.replaced': 'its sentinel replaces it',
};

/**
 * Logs a worker that dies or ends by a fault.
 * @param event the event that ended it
 */
export function reportEnd(workspace: Workspace, worker: Worker, event: WorkerEvent['type']): void {
  const { rank, client, end } = worker;
  workspace.host.log('warn', 'a worker died', {
    workspace: workspace.name,
    rank,
    peer: client?.peer,
    reason: end?.how ?? REASONS[event] ?? event,
    ...(end && { why: end.why }),
  });
}

/** Why a sleigh shuts down by itself (S13, S15). */
const ENDS: Partial<Record<ShutdownEvent['type'], string>> = {
  'worker.died': 'a worker died',
  'task.failed': 'a worker failed its task',
  'grace.elapsed': 'no worker was registered at the end of the grace period',
  'group.closed': 'the group closed without a worker',
  'server.stopping': 'the server stops',
};

/** Logs a job that ends by itself, unless it ends with its server (S14.1). */
export function reportEndByItself(workspace: Workspace, event: ShutdownEvent['type']): void {
  workspace.host.log(event === 'server.stopping' ? 'info' : 'warn', 'a sleigh shuts down by itself', {
    workspace: workspace.name,
    reason: ENDS[event] ?? event,
  });
}
