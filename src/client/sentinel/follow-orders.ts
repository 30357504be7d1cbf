import { JOB_ORDERS, readJobOrder, type JobOrder } from '../../wire/job-order.ts';
import { VERB } from '../../wire/names.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';

/**
 * Passes on the orders that the page gives from now on (S24.5).
 * @param connection its own, because it waits
 * @returns when the job has ended, or the connection is lost
 */
export async function followOrders(
  connection: NwsConnection,
  workspace: string,
  obey: (order: JobOrder) => void,
): Promise<void> {
  try {
    let last: Found | undefined;
    // Earlier orders were for others: a worker that was stopped has been replaced under its rank.
    for (let found: Found | undefined; ; last = found) {
      found = await connection.get(VERB.ifindTry, workspace, JOB_ORDERS, { after: last });
      if (found === undefined) break;
    }
    for (;;) {
      last = await connection.get(VERB.ifind, workspace, JOB_ORDERS, { after: last });
      const order = last && readJobOrder(last.value);
      if (order !== undefined) obey(order);
    }
  } catch {
    // The job has ended.
  }
}
