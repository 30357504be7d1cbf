import type { ServerResponse } from 'node:http';
import { awakeNow, keepAwake } from '../transport/awake.ts';
import { Problem, WENT_WRONG } from './answers.ts';
import type { Site } from './site.ts';

/** Milliseconds between two updates of a viewer. */
export const FEED_INTERVAL_MS = 100;
/** Milliseconds after which a silent stream says that it is alive. */
export const STREAM_COMMENT_MS = 15_000;
/** Milliseconds after which a viewer that takes nothing is given up; a browser that is there after all comes again. */
export const IDLE_FEED_LIMIT_MS = 60_000;
/** Views may take one part in so many of the server's time; where they would take more they come less often. */
export const FEED_SHARE = 10;
/** Bytes of all views that are looked at, of each once: a stream that would need more is refused, one that grows past it ends. */
export const MOST_FEED_BYTES = 64 << 20;
/** Milliseconds of work on views after which others get their turn. */
const TURN = 5;

/** Who is told what streams come to. */
export interface FeedEvents {
  /** A view could not be made. */
  failed(error: unknown): void;
  /** Something is under way to a viewer. */
  sent(stream: ServerResponse): void;
}

/** One open stream. */
class Viewer {
  readonly stream: ServerResponse;
  /** The version of its feed that it has. */
  has = 0;
  /** In time that the process lived through. */
  sentAt = 0;

  constructor(stream: ServerResponse) {
    this.stream = stream;
  }

  send(chunk: string | Uint8Array, now: number): void {
    this.sentAt = now;
    this.stream.write(chunk);
  }

  /** What was sent last has not gone yet: nothing is sent after it, so that no more than one update is kept for it. */
  get isSlow(): boolean {
    return this.stream.writableLength > 0;
  }
}

/** One view that somebody looks at. */
class Feed {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly viewers = new Set<Viewer>();
  /** What `changes` was when it was computed. */
  computedAt: number | undefined;
  version = 0;
  state: 'there' | 'gone' | 'failed' = 'gone';
  chunk: Buffer = Buffer.alloc(0);

  constructor(path: string, query: URLSearchParams) {
    this.path = path;
    this.query = query;
  }

  /** Computes it again, if something may have changed. @param events told of a view that fails, once until it is made again */
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
      this.#become('failed', `event: failed\ndata: ${JSON.stringify({ error: WENT_WRONG })}\n\n`);
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
 * The views that are looked at, sent again whenever they have changed, at most every `FEED_INTERVAL_MS`. Viewers of the
 * same view share its computation and its bytes. One that is slow is left out until it has taken what it got, and gets
 * the newest then. No timer runs without a viewer.
 */
export class Feeds {
  readonly #site: Site;
  readonly #most: number;
  readonly #events: FeedEvents;
  readonly #mostBytes: number;
  #bytes = 0;
  readonly #feeds = new Map<string, Feed>();
  #viewers = 0;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #roundEnded = 0;

  constructor(site: Site, most: number, events: FeedEvents, mostBytes = MOST_FEED_BYTES) {
    this.#site = site;
    this.#most = most;
    this.#events = events;
    this.#mostBytes = mostBytes;
  }

  get viewers(): number {
    return this.#viewers;
  }
  get views(): number {
    return this.#feeds.size;
  }

  /** @throws Problem when there is no such view, or there are too many viewers; URIError */
  open(path: string, query: URLSearchParams, stream: ServerResponse): void {
    if (this.#viewers >= this.#most) throw new Problem(503, `there are ${this.#most} viewers already`);
    const key = `${path}?${query.toString()}`;
    const feed = this.#feeds.get(key) ?? new Feed(path, query);
    this.#refresh(feed);
    const isNew = feed.viewers.size === 0;
    const isTooMuch = isNew && this.#bytes > this.#mostBytes;
    if (isNew && (isTooMuch || feed.state !== 'there')) this.#forget(feed);
    if (isTooMuch) throw new Problem(503, 'the views that are looked at are too large together');
    if (feed.state === 'failed') throw new Problem(500, WENT_WRONG);
    if (feed.state === 'gone') throw new Problem(404, 'there is no such view');
    this.#feeds.set(key, feed);
    const viewer = new Viewer(stream);
    feed.viewers.add(viewer);
    this.#viewers++;
    const release = keepAwake();
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
      // For proxies that would gather it.
      'X-Accel-Buffering': 'no',
    });
    viewer.has = feed.version;
    viewer.send(feed.chunk, awakeNow());
    if (!this.#isRunning) this.#schedule(FEED_INTERVAL_MS);
  }

  /** Who comes while the next round is due already does not put it off. */
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
      this.#serve(feed, awakeNow());
      const took = performance.now() - began;
      busy += took;
      sinceTurn += took;
      if (sinceTurn < TURN) continue;
      sinceTurn = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isRunning = false;
    this.#roundEnded = awakeNow();
    if (this.#viewers > 0) this.#schedule(Math.max(FEED_INTERVAL_MS, busy * (FEED_SHARE - 1)));
  }

  /** What it holds counts no more. */
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
    if (this.#bytes > this.#mostBytes) {
      this.#forget(feed);
      for (const { stream } of feed.viewers) stream.destroy();
      return;
    }
    for (const viewer of feed.viewers) {
      // Who came after the last round has had an update since, and waits for the next.
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
