import type { ShutdownEvent } from '../machines/shutdown.ts';
import type { WorkerEvent } from '../machines/worker.ts';
import type { Worker } from './agents.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** What a worker died of when its sentinel does not say. */
const REASONS: Partial<Record<WorkerEvent['type'], string>> = {
  'connection.closed': 'its connection closed',
  'sentinel.gone': 'its sentinel is gone',
  'return.elapsed': 'it was lost, and neither came back nor was its end reported',
  'death.reported': 'its death was reported',
  'rank.replaced': 'its sentinel replaces it',
};

/** One line in the log for each worker that dies, or ends by a fault. @param event what it ended by */
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

/** One line in the log for each job that ends by itself; that one ends with its server is no fault (S14.1). */
export function reportEndByItself(workspace: Workspace, event: ShutdownEvent['type']): void {
  workspace.host.log(event === 'server.stopping' ? 'info' : 'warn', 'a sleigh shuts down by itself', {
    workspace: workspace.name,
    reason: ENDS[event] ?? event,
  });
}
