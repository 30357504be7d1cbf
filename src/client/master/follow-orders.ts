import { JOB_ORDERS, readJobOrder } from '../../wire/job-order.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import { Follower } from '../workspace/follower.ts';
import type { Dispatcher } from './dispatcher.ts';

/** Carries out the orders of the page, if the server has one (S24.5). */
export function followOrders(dispatcher: Dispatcher, lines: ConnectionPool, workspace: string): void {
  if (!lines.main.serverHasPage) return;
  void new Follower(lines, workspace, JOB_ORDERS, ({ value }) => {
    const order = readJobOrder(value);
    if (order?.order === 'cancel') dispatcher.cancel(order.batch);
    if (order?.order === 'retry') dispatcher.retry(order.batch, order.indexes);
  });
}
