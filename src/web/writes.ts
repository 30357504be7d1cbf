import { BOUNDS } from '../wire/bounds.ts';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { NwsConnection } from '../client/connection/connection.ts';
import { NwsError } from '../client/connection/errors.ts';
import { fromWire } from '../client/connection/text.ts';
import type { OrderableJob } from '../views/orderable-types.ts';
import type { RetryView } from '../views/progress-types.ts';
import type { FetchedView } from '../views/types.ts';
import { JOB_ORDERS, type JobOrder } from '../wire/job-order.ts';
import { KEY, VARIABLE, VERB } from '../wire/names.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import type { Value } from '../workspace/value.ts';
import { Problem } from './answers.ts';
import { PROBLEM } from './problems.ts';
import { fault } from '../wire/error-kind.ts';
import { writeHandler, type WriteHandler } from './routes.ts';

/**
 * The changes that the page may make, if the server allows them (`--web-write`):
 *
 * | request                                          | effect                                   | response      |
 * | ------------------------------------------------ | ---------------------------------------- | ------------- |
 * | `DELETE /api/workspaces/NAME`                    | `delete ws`                              | `{}`          |
 * | `DELETE /api/workspaces/NAME/variables/VAR`      | `delete var`                             | `{}`          |
 * | `POST /api/workspaces/NAME/variables/VAR/fetch`  | `fetchTry`: removes the next value       | a FetchedView |
 * | `POST /api/sleighs/NAME/end`                     | stores to `Sleigh ride over`             | `{}`          |
 * | `POST /api/sleighs/NAME/batches/ID/cancel`       | stores an order for the master           | `{}`          |
 * | `POST /api/sleighs/NAME/failures/retry`          | stores orders for the master             | a RetryView   |
 * | `POST /api/sleighs/NAME/failures/GROUP/retry`    | the same for those with one message      | a RetryView   |
 * | `POST /api/sleighs/NAME/batches/ID/failures/INDEX/retry` | the same for one element         | a RetryView   |
 * | `POST /api/sleighs/NAME/workers/RANK/stop`       | stores an order for the sentinel         | `{}`          |
 * | `POST /api/token`                                | none: says whether the token is right    | `{}`          |
 *
 * Each needs `Authorization: Bearer TOKEN`, has no body, and is logged. There are no cookies, and an `Origin` other
 * than that of the page is refused, so another site cannot make a browser send a change. Errors are ErrorViews: 401
 * without the token, 403 from another origin or if changes are disabled, 404, 409 with the reason of the server's
 * refusal, 413.
 */
export interface Writes {
  readonly token: string;
  /** Connects a client for one request. */
  connect(): Promise<NwsConnection>;
  /** The size of the value that would be fetched; undefined if there is none. */
  nextSize(workspace: string, variable: string): number | undefined;
  /** Whether this is the workspace of a job, and what of it can be ordered; undefined if it is none. */
  job(workspace: string): OrderableJob | undefined;
  /** The view of a fetched value. */
  show(value: Value): FetchedView;
  log(what: string, fields: Record<string, string>): void;
}

/**
 * Carries out a DELETE or a POST under `/api`.
 * @param segments the decoded parts of the path below `/api`
 * @returns the response
 * @throws Problem
 */
export async function write(
  writes: Writes | undefined,
  request: IncomingMessage,
  segments: readonly string[],
): Promise<object> {
  refuseForeign(request);
  if (writes === undefined) throw new Problem(PROBLEM.readOnly());
  refuseWithoutToken(request, writes.token);
  const found = writeHandler(request.method ?? '', segments);
  if (found === undefined) throw new Problem(PROBLEM.noAction());
  const [workspace = '', variable, part] = found.names;
  return ACTIONS[found.handler](writes, request.socket.remoteAddress ?? '', workspace, variable, part);
}

/** A browser sends the origin of a request; other programs do not. */
function refuseForeign({ headers }: IncomingMessage): void {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  const isOwn = origin === undefined || (URL.canParse(origin) && new URL(origin).host === headers.host);
  if (!isOwn || (site !== undefined && site !== 'same-origin' && site !== 'none'))
    throw new Problem(PROBLEM.otherSite());
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares digests in constant time, because these have the same length. */
function refuseWithoutToken({ headers }: IncomingMessage, token: string): void {
  const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (given === undefined || !timingSafeEqual(digest(given), digest(token)))
    throw new Problem(given === undefined ? PROBLEM.noToken() : PROBLEM.wrongToken(), {
      'WWW-Authenticate': 'Bearer realm="sleigh"',
    });
}

type Action = (
  writes: Writes,
  who: string,
  workspace: string,
  /** The second name of the path, if it has one, and the third. */
  variable?: string,
  part?: string,
) => Promise<object>;

const ACTIONS: Readonly<Record<WriteHandler, Action>> = {
  checkToken: async () => ({}),
  deleteWorkspace,
  deleteVariable,
  fetchValue,
  endJob,
  cancelBatch,
  retryFailures,
  retryFailure,
  stopWorker,
};

async function deleteWorkspace(writes: Writes, who: string, workspace: string): Promise<object> {
  await asked(writes, (client) => client.request([VERB.deleteWs, workspace]));
  writes.log('the web page deleted a workspace', { who, workspace: fromWire(workspace) });
  return {};
}

async function deleteVariable(
  writes: Writes,
  who: string,
  workspace: string,
  variable = '',
): Promise<object> {
  await asked(writes, async (client) => {
    await client.request([VERB.useWs, workspace, 'web page', 'no', 'no']);
    await client.request([VERB.deleteVar, workspace, variable]);
  });
  writes.log('the web page deleted a variable', {
    who,
    workspace: fromWire(workspace),
    variable: fromWire(variable),
  });
  return {};
}

async function fetchValue(writes: Writes, who: string, workspace: string, variable = ''): Promise<object> {
  const size = writes.nextSize(workspace, variable);
  // A get of a variable that does not exist would create it (V1).
  if (size === undefined) throw new Problem(PROBLEM.noValue());
  if (size > BOUNDS.fetchedBytes.value)
    throw new Problem(PROBLEM.valueTooLarge(size, BOUNDS.fetchedBytes.value));
  const { value, metadata } = await asked(writes, async (client) => {
    await client.request([VERB.useWs, workspace, 'web page', 'no', 'no']);
    return client.request([VERB.fetchTry, workspace, variable]);
  });
  if (value === undefined) throw fault('a long reply came without a value');
  writes.log('the web page fetched a value', {
    who,
    workspace: fromWire(workspace),
    variable: fromWire(variable),
  });
  return writes.show({ ...value, metadata });
}

async function endJob(writes: Writes, who: string, workspace: string): Promise<object> {
  jobOf(writes, workspace);
  await storeTo(writes, workspace, VARIABLE.rideOver, '1');
  writes.log('the web page ended a job', { who, workspace: fromWire(workspace) });
  return {};
}

async function cancelBatch(writes: Writes, who: string, workspace: string, batch = ''): Promise<object> {
  if (!jobOf(writes, workspace).hasBatch(batch)) throw new Problem(PROBLEM.noBatch(fromWire(batch)));
  await order(writes, workspace, { order: 'cancel', batch: fromWire(batch) });
  writes.log('the web page cancelled a batch', {
    who,
    workspace: fromWire(workspace),
    batch: fromWire(batch),
  });
  return {};
}

function retryFailures(
  writes: Writes,
  who: string,
  workspace: string,
  group: string | undefined,
): Promise<RetryView> {
  return retry(writes, who, workspace, { group: group && fromWire(group) });
}

function retryFailure(
  writes: Writes,
  who: string,
  workspace: string,
  batch = '',
  index = '',
): Promise<RetryView> {
  if (!/^\d{1,15}$/.test(index)) throw new Problem(PROBLEM.noFailure());
  return retry(writes, who, workspace, { batch: fromWire(batch), index: Number(index) });
}

async function retry(
  writes: Writes,
  who: string,
  workspace: string,
  which: Parameters<OrderableJob['failures']>[0],
): Promise<RetryView> {
  const { running, ended } = jobOf(writes, workspace).failures(which);
  if (running.size === 0) throw new Problem(ended === 0 ? PROBLEM.noFailure() : PROBLEM.tooLate(ended));
  let asked = 0;
  for (const [batch, unsorted] of running) {
    const indexes = unsorted.toSorted((a, b) => a - b);
    await order(writes, workspace, { order: 'retry', batch, indexes });
    asked += indexes.length;
    writes.log('the web page asked for failed elements to be called again', {
      who,
      workspace: fromWire(workspace),
      batch,
      indexes: indexes.join(' '),
    });
  }
  return { asked, tooLate: ended };
}

async function stopWorker(writes: Writes, who: string, workspace: string, rank = ''): Promise<object> {
  const isRank = /^\d{1,9}$/.test(rank);
  if (!isRank || !jobOf(writes, workspace).hasWorker(Number(rank)))
    throw new Problem(PROBLEM.noWorker(fromWire(rank)));
  await order(writes, workspace, { order: 'stop', rank: Number(rank) });
  writes.log('the web page stopped a worker', { who, workspace: fromWire(workspace), rank });
  return {};
}

function jobOf(writes: Writes, workspace: string): OrderableJob {
  const job = writes.job(workspace);
  if (job === undefined) throw new Problem(PROBLEM.noJob());
  return job;
}

const order = (writes: Writes, workspace: string, order: JobOrder): Promise<void> =>
  storeTo(writes, workspace, JOB_ORDERS, JSON.stringify(order), 'json');

/** @param type of the value (C1) */
const storeTo = (
  writes: Writes,
  workspace: string,
  variable: string,
  text: string,
  type = 'text',
): Promise<void> =>
  asked(writes, async (client) => {
    await client.request([VERB.useWs, workspace, 'web page', 'no', 'no']);
    await client.request(
      [VERB.store, workspace, variable, String(TEXT_DESCRIPTOR), Buffer.from(text).toString('latin1')],
      new Map([[KEY.type, type]]),
    );
  });

/** @throws Problem if the server refuses */
async function asked<T>(writes: Writes, ask: (client: NwsConnection) => Promise<T>): Promise<T> {
  const client = await writes.connect();
  try {
    return await ask(client);
  } catch (error) {
    if (!(error instanceof NwsError)) throw error;
    const isMissing =
      error.code === 'no-workspace' || error.code === 'no-value' || / does not exist/.test(error.reason);
    throw new Problem({ code: isMissing ? '404' : '409', message: error.reason || error.message });
  } finally {
    client.close();
  }
}
