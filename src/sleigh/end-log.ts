import type { WorkerEvent } from '../machines/worker.ts';
import type { Worker } from './agents.ts';
import type { Sleigh } from './sleigh.ts';

/** What a worker died of when its sentinel does not say. */
const REASONS: Partial<Record<WorkerEvent['type'], string>> = {
  'connection.closed': 'its connection closed',
  'sentinel.gone': 'its sentinel is gone',
  'return.elapsed': 'it was lost, and neither came back nor was its end reported',
  'death.reported': 'its death was reported',
  'rank.replaced': 'its sentinel replaces it',
};

/** One line in the log for each worker that dies, or ends by a fault. @param event what it ended by */
export function reportEnd(sleigh: Sleigh, worker: Worker, event: WorkerEvent['type']): void {
  const { rank, client, end } = worker;
  sleigh.workspace.host.log('warn', 'a worker died', {
    workspace: sleigh.workspace.name,
    rank,
    peer: client?.peer,
    reason: end?.how ?? REASONS[event] ?? event,
    ...(end && { why: end.why }),
  });
}
