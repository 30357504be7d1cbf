import { KEY, VARIABLE } from '../../wire/names.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { NwsConnection } from '../connection/connection.ts';

/** The state of a job. */
export interface SleighStatus {
  /** The number of registered, living workers, including lost ones that may come back (S18). */
  readonly workers: number;
  /** The expected number of workers (S4); in an elastic group the same as `workers`. */
  readonly expected: number;
  /** Whether more workers may join (S5, S17). */
  readonly group: 'open' | 'joining' | 'closed' | 'elastic';
  /** The number of tasks that are queued or running, of all batches (S10). */
  readonly pending: number;
  /** The number of running tasks. */
  readonly running: number;
}

/** @param main the connection for requests that are answered at once */
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
