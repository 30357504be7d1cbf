import { BOUNDS } from '../wire/bounds.ts';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { NwsConnection } from '../client/connection/connection.ts';
import { NwsError } from '../client/connection/errors.ts';
import { fromWire } from '../client/connection/text.ts';
import type { FetchedView } from '../views/types.ts';
import { VERB } from '../wire/names.ts';
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
  const [workspace = '', variable = ''] = found.names;
  return ACTIONS[found.handler](writes, request.socket.remoteAddress ?? '', workspace, variable);
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

type Action = (writes: Writes, who: string, workspace: string, variable: string) => Promise<object>;

const ACTIONS: Readonly<Record<WriteHandler, Action>> = {
  checkToken: async () => ({}),
  deleteWorkspace,
  deleteVariable,
  fetchValue,
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
  variable: string,
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

async function fetchValue(writes: Writes, who: string, workspace: string, variable: string): Promise<object> {
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
