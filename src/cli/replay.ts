import { basename } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import { authorityOf } from '../wire/authority.ts';
import { VERSION } from '../version.ts';
import { Replay } from '../views/replay.ts';
import { distFolder } from '../web/dist.ts';
import { drawingsIn } from '../web/drawings.ts';
import { createLogger } from '../transport/logger.ts';
import type { ViewSource } from '../web/site.ts';
import { WebServer } from '../web/web-server.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';
import { jsonLine } from './json-line.ts';
import { print } from './output.ts';
import { readTrace } from './read-trace.ts';
import { START } from './errors.ts';

export interface ReplayOptions {
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
}

export interface ReplayServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the page for a trace, without a server.
 * @throws if it cannot listen
 */
export async function serveReplay(views: ViewSource, options: ReplayOptions): Promise<ReplayServer> {
  const web = await WebServer.listen(options, createLogger('warn'));
  web.root.show({ views, changes: () => 0, isReady: () => true });
  return { url: web.url, close: () => web.close() };
}

/**
 * `sleigh charts --trace FILE`; it runs until it is interrupted.
 * @param policies the machines of the plugins of the server that wrote the trace
 */
export async function replay(
  path: string,
  {
    json,
    policies,
    ...options
  }: ReplayOptions & { readonly json: boolean; readonly policies: readonly AnyStateMachine[] },
): Promise<void> {
  const views = new Replay(basename(path), { version: VERSION, drawing: drawingsIn(distFolder()) }, policies);
  for await (const [, step] of readTrace(path)) views.add(step);
  const server = await serveReplay(views, options).catch((error: unknown) =>
    fail(START.notListening(authorityOf(options.host, options.port), explain(error))),
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
  await print(json ? jsonLine({ url: server.url }) : `replay at ${server.url}\n`);
}
