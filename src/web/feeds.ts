import type { ServerResponse } from 'node:http';
import { processTime } from '../transport/awake.ts';
import { Problem } from './answers.ts';
import type { Site } from './site.ts';
import { PROBLEM } from './problems.ts';

/** Milliseconds between two updates of a viewer. */
export const FEED_INTERVAL_MS = 100;
/** Milliseconds after which a silent stream sends a comment, which keeps it open. */
export const STREAM_COMMENT_MS = 15_000;
/** Milliseconds after which a viewer that takes nothing is closed. A browser that is still there connects again. */
export const IDLE_FEED_LIMIT_MS = 60_000;
/** Views take at most one part in this many of the server's time. Beyond that they are updated less often. */
export const FEED_SHARE = 10;
/**
 * The limit for the bytes of all open views, each counted once. A stream that would need more is refused, and one
 * that grows beyond it ends.
 */
export const MAX_FEED_BYTES = 64 << 20;
/** Milliseconds of work on views after which other work has its turn. */
const TURN = 5;

/** Receives the events of streams. */
export interface FeedEvents {
  /** A view failed. */
  failed(error: unknown): void;
  /** Something was sent to a viewer. */
  sent(stream: ServerResponse): void;
}

/** One open stream. */
class Viewer {
  readonly stream: ServerResponse;
  /** The version of the view that it has. */
  has = 0;
  /** In time during which the process ran. */
  sentAt = 0;

  constructor(stream: ServerResponse) {
    this.stream = stream;
  }

  send(chunk: string | Uint8Array, now: number): void {
    this.sentAt = now;
    this.stream.write(chunk);
  }

  /** Whether the last update has not been taken. Nothing is sent then, so at most one update waits. */
  get isSlow(): boolean {
    return this.stream.writableLength > 0;
  }
}

/** One view with viewers. */
class Feed {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly viewers = new Set<Viewer>();
  /** The value of `changes` when it was computed. */
  computedAt: number | undefined;
  version = 0;
  state: 'there' | 'gone' | 'failed' = 'gone';
  chunk: Buffer = Buffer.alloc(0);

  constructor(path: string, query: URLSearchParams) {
    this.path = path;
    this.query = query;
  }

  /**
   * Computes it again, if something may have changed.
   * @param events called when the view fails, once until it succeeds again
   */
  refresh({ views, changes }: Site, events: FeedEvents): void {
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
      if (this.state !== 'failed') events.failed(error);
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

/**
 * The open views. Each is sent again when it has changed, at most every `FEED_INTERVAL_MS`. Viewers of the same view
 * share its computation and its bytes. A slow viewer skips updates and then receives the newest. No timer runs
 * without a viewer.
 */
export class Feeds {
  readonly #site: Site;
  readonly #most: number;
  readonly #events: FeedEvents;
  readonly #maxBytes: number;
  #bytes = 0;
  readonly #feeds = new Map<string, Feed>();
  #viewers = 0;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #roundEnded = 0;

  constructor(site: Site, most: number, events: FeedEvents, maxBytes = MAX_FEED_BYTES) {
    this.#site = site;
    this.#most = most;
    this.#events = events;
    this.#maxBytes = maxBytes;
  }

  get viewers(): number {
    return this.#viewers;
  }
  get views(): number {
    return this.#feeds.size;
  }

  /** @throws Problem if there is no such view or there are too many viewers; URIError */
  open(path: string, query: URLSearchParams, stream: ServerResponse): void {
    if (this.#viewers >= this.#most) throw new Problem(PROBLEM.tooManyViewers(this.#most));
    const key = `${path}?${query.toString()}`;
    const feed = this.#feeds.get(key) ?? new Feed(path, query);
    this.#refresh(feed);
    const isNew = feed.viewers.size === 0;
    const isTooMuch = isNew && this.#bytes > this.#maxBytes;
    if (isNew && (isTooMuch || feed.state !== 'there')) this.#forget(feed);
    if (isTooMuch) throw new Problem(PROBLEM.viewsTooLarge());
    if (feed.state === 'failed') throw new Problem(PROBLEM.wentWrong());
    if (feed.state === 'gone') throw new Problem(PROBLEM.noView());
    this.#feeds.set(key, feed);
    const viewer = new Viewer(stream);
    feed.viewers.add(viewer);
    this.#viewers++;
    const release = processTime.keepAwake();
    stream.once('close', () => {
      release();
      this.#viewers--;
      feed.viewers.delete(viewer);
      if (feed.viewers.size === 0) {
        this.#feeds.delete(key);
        this.#forget(feed);
      }
      if (this.#viewers === 0) this.#stop();
    });
    stream.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // Asks proxies not to buffer the stream.
      'X-Accel-Buffering': 'no',
    });
    viewer.has = feed.version;
    viewer.send(feed.chunk, processTime.now());
    if (!this.#isRunning) this.#schedule(FEED_INTERVAL_MS);
  }

  /** A new viewer does not delay a round that is due already. */
  #schedule(milliseconds: number): void {
    this.#timer ??= setTimeout(() => void this.#round(), milliseconds);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #round(): Promise<void> {
    this.#timer = undefined;
    this.#isRunning = true;
    let busy = 0;
    let sinceTurn = 0;
    for (const feed of this.#feeds.values()) {
      const began = performance.now();
      this.#serve(feed, processTime.now());
      const took = performance.now() - began;
      busy += took;
      sinceTurn += took;
      if (sinceTurn < TURN) continue;
      sinceTurn = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isRunning = false;
    this.#roundEnded = processTime.now();
    if (this.#viewers > 0) this.#schedule(Math.max(FEED_INTERVAL_MS, busy * (FEED_SHARE - 1)));
  }

  /** Removes its bytes from the total. */
  #forget(feed: Feed): void {
    this.#bytes -= feed.chunk.length;
    feed.chunk = Buffer.alloc(0);
  }

  #refresh(feed: Feed): void {
    const before = feed.chunk.length;
    feed.refresh(this.#site, this.#events);
    this.#bytes += feed.chunk.length - before;
  }

  #serve(feed: Feed, now: number): void {
    this.#refresh(feed);
    if (this.#bytes > this.#maxBytes) {
      this.#forget(feed);
      for (const { stream } of feed.viewers) stream.destroy();
      return;
    }
    for (const viewer of feed.viewers) {
      // A viewer that came after the last round has had an update since, and waits for the next.
      if (viewer.sentAt > this.#roundEnded) continue;
      if (viewer.isSlow) {
        if (now - viewer.sentAt >= IDLE_FEED_LIMIT_MS) viewer.stream.destroy();
        continue;
      }
      if (viewer.has !== feed.version) {
        viewer.has = feed.version;
        viewer.send(feed.chunk, now);
        this.#events.sent(viewer.stream);
      } else if (now - viewer.sentAt >= STREAM_COMMENT_MS) viewer.send(': still here\n\n', now);
    }
  }

  /** Ends all streams. */
  close(): void {
    this.#stop();
    for (const { viewers } of this.#feeds.values()) for (const { stream } of viewers) stream.end();
  }
}
