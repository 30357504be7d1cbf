import { KEY, VARIABLE } from '../../wire/names.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { NwsConnection } from '../connection/connection.ts';

/** How a job stands. */
export interface SleighStatus {
  /** Workers that are registered and not dead; those that are lost and may come back count (S18). */
  readonly workers: number;
  /** Workers that are expected (S4); in an elastic group the same as `workers`. */
  readonly expected: number;
  /** Whether more may join (S5, S17). */
  readonly group: 'open' | 'joining' | 'closed' | 'elastic';
  /** Tasks that are queued or with a worker, of all batches (S10). */
  readonly pending: number;
  /** Tasks that are with a worker. */
  readonly running: number;
}

/** @param main for what is answered at once */
export async function statusOf(main: NwsConnection, workspace: string): Promise<SleighStatus> {
  const [workers, expected, group, job] = await Promise.all([
    main.find(workspace, VARIABLE.rankCount),
    main.find(workspace, VARIABLE.workerCount),
    main.find(workspace, VARIABLE.joinStatus),
    main.find(workspace, VARIABLE.jobStatus, new Map([[KEY.all, '1']])),
  ]);
  return {
    workers: Number(workers.value),
    expected: Number(expected.value),
    group: unsafeCast(group.value),
    pending: Number(job.metadata.get(KEY.pending)),
    running: Number(job.metadata.get(KEY.running)),
  };
}
