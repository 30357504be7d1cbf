import { createLogger } from '../transport/logger.ts';
import type { ViewSource } from '../web/site.ts';
import { WebServer } from '../web/web-server.ts';

export interface ReplayOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface ReplayServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the page without a server behind it: what it shows is in a trace, which does not change.
 * @throws when it cannot listen
 */
export async function serveReplay(views: ViewSource, options: ReplayOptions): Promise<ReplayServer> {
  const web = await WebServer.listen(options, createLogger('warn'));
  web.show({ views, changes: () => 0, isReady: () => true });
  return { url: web.url, close: () => web.close() };
}
