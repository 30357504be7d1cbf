import type { ServerResponse } from 'node:http';
import type { Site, ViewAddress } from './site.ts';
import { PROBLEM } from './problems.ts';

/** One open stream. It shows one view, or several that it numbers. */
export class Viewer {
  readonly stream: ServerResponse;
  /** These times are of time during which the process ran. */
  readonly openedAt: number;
  sentAt: number;
  /** The last round of updates in which something was sent. */
  #sentInRound: number | undefined;

  constructor(stream: ServerResponse, now: number) {
    this.stream = stream;
    this.openedAt = now;
    this.sentAt = now;
  }

  send(now: number, round: number | undefined, ...chunks: readonly (string | Uint8Array)[]): void {
    this.sentAt = now;
    this.#sentInRound = round;
    for (const chunk of chunks) if (chunk.length > 0) this.stream.write(chunk);
  }

  /** Whether an update of an earlier round has not been taken. Nothing is sent then, so at most one of each view waits. */
  isSlow(round: number): boolean {
    return this.stream.writableLength > 0 && this.#sentInRound !== round;
  }
}

/** A view on a stream. */
export interface Subscription {
  readonly viewer: Viewer;
  readonly feed: Feed;
  /** The line that names the view; '' on a stream of one view. */
  readonly prefix: string;
  /** The version of the view that was sent. */
  has: number;
}

/** One view with viewers. */
export class Feed implements ViewAddress {
  readonly key: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly subscriptions = new Set<Subscription>();
  /** The value of `changes` when it was computed. */
  computedAt: number | undefined;
  version = 0;
  state: 'there' | 'gone' | 'failed' = 'gone';
  chunk: Buffer = Buffer.alloc(0);

  constructor(key: string, { path, query }: ViewAddress) {
    this.key = key;
    this.path = path;
    this.query = query;
  }

  /**
   * Computes it again, if something may have changed.
   * @param onFailure called when the view fails, once until it succeeds again
   */
  refresh({ views, changes }: Site, onFailure: (error: unknown) => void): void {
    const current = changes();
    if (this.computedAt === current) return;
    this.computedAt = current;
    try {
      const view = views.get(this.path, this.query);
      if (view === undefined)
        this.#become('gone', `event: gone\ndata: {"error":"it is not there any more"}\n\n`);
      else this.#become('there', `data: ${JSON.stringify(view)}\n\n`);
    } catch (error) {
      if (error instanceof URIError) throw error;
      if (this.state !== 'failed') onFailure(error);
      this.#become(
        'failed',
        `event: failed\ndata: ${JSON.stringify({ error: PROBLEM.wentWrong().message })}\n\n`,
      );
    }
  }

  #become(state: typeof this.state, text: string): void {
    this.state = state;
    const chunk = Buffer.from(text);
    if (chunk.equals(this.chunk)) return;
    this.chunk = chunk;
    this.version++;
  }
}
