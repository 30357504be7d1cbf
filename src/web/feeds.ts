import { BOUNDS } from '../wire/bounds.ts';
import type { ServerResponse } from 'node:http';
import { processTime } from '../transport/awake.ts';
import { Problem } from './answers.ts';
import { Feed, Viewer, type Subscription } from './feed.ts';
import type { Site, ViewAddress } from './site.ts';
import { PROBLEM } from './problems.ts';

/** Milliseconds between two updates of a viewer. */
export const FEED_INTERVAL_MS = 100;
/** Milliseconds after which a silent stream sends a comment, which keeps it open. */
export const STREAM_COMMENT_MS = 15_000;
/** Views take at most one part in this many of the server's time. Beyond that they are updated less often. */
export const FEED_SHARE = 10;
/** Milliseconds of work on views after which other work has its turn. */
const TURN = 5;

/** Receives the events of streams. */
export interface FeedEvents {
  /** A view failed. */
  failed(error: unknown): void;
  /** Something was sent to a viewer. */
  sent(stream: ServerResponse): void;
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
  #rounds = 0;
  #roundEnded = 0;

  constructor(site: Site, most: number, events: FeedEvents, maxBytes = BOUNDS.streamBytes.value) {
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

  /**
   * Streams one view.
   * @throws Problem if there is no such view or there are too many viewers; URIError
   */
  open(address: ViewAddress, stream: ServerResponse): void {
    const [feed] = this.#feedsOf([address]);
    if (feed === undefined) return;
    if (feed.state !== 'there') {
      this.#release(feed);
      throw new Problem(feed.state === 'failed' ? PROBLEM.wentWrong() : PROBLEM.noView());
    }
    this.#begin(stream, (viewer) => [{ viewer, feed, prefix: '', has: feed.version }]);
  }

  /**
   * Streams several views. The first line of the data of each event is the number of its view, from 0. A view that does
   * not exist begins with an event `gone`.
   * @throws Problem if there are too many viewers or views; URIError
   */
  openTogether(addresses: readonly ViewAddress[], stream: ServerResponse): void {
    if (addresses.length === 0 || addresses.length > BOUNDS.streamViews.value)
      throw new Problem(PROBLEM.numberOfViews(addresses.length, BOUNDS.streamViews.value));
    const feeds = this.#feedsOf(addresses);
    this.#begin(stream, (viewer) =>
      feeds.map((feed, number) => ({ viewer, feed, prefix: `data: ${number}\n`, has: feed.version })),
    );
  }

  /** The feeds of these views, computed. Those without viewers are released if it throws. */
  #feedsOf(addresses: readonly ViewAddress[]): Feed[] {
    if (this.#viewers >= this.#most) throw new Problem(PROBLEM.tooManyViewers(this.#most));
    const feeds: Feed[] = [];
    try {
      for (const address of addresses) {
        const key = `${address.path}?${address.query.toString()}`;
        const feed = this.#feeds.get(key) ?? new Feed(key, address);
        this.#feeds.set(key, feed);
        feeds.push(feed);
        this.#refresh(feed);
      }
      const isNew = feeds.some(({ subscriptions }) => subscriptions.size === 0);
      if (isNew && this.#bytes > this.#maxBytes) throw new Problem(PROBLEM.viewsTooLarge());
      return feeds;
    } catch (error) {
      for (const feed of feeds) this.#release(feed);
      throw error;
    }
  }

  #begin(stream: ServerResponse, subscribe: (viewer: Viewer) => readonly Subscription[]): void {
    const now = processTime.now();
    const viewer = new Viewer(stream, now);
    const subscriptions = subscribe(viewer);
    this.#viewers++;
    const release = processTime.keepAwake();
    stream.once('close', () => {
      release();
      this.#viewers--;
      for (const subscription of subscriptions) {
        subscription.feed.subscriptions.delete(subscription);
        this.#release(subscription.feed);
      }
      if (this.#viewers === 0) this.#stop();
    });
    stream.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // Asks proxies not to buffer the stream.
      'X-Accel-Buffering': 'no',
    });
    for (const subscription of subscriptions) {
      const { feed, prefix } = subscription;
      feed.subscriptions.add(subscription);
      viewer.send(now, undefined, prefix, feed.chunk);
    }
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
    this.#rounds++;
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

  /** Removes a feed without viewers. */
  #release(feed: Feed): void {
    if (feed.subscriptions.size > 0 || this.#feeds.get(feed.key) !== feed) return;
    this.#feeds.delete(feed.key);
    this.#forget(feed);
  }

  /** Removes its bytes from the total. */
  #forget(feed: Feed): void {
    this.#bytes -= feed.chunk.length;
    feed.chunk = Buffer.alloc(0);
  }

  #refresh(feed: Feed): void {
    const before = feed.chunk.length;
    feed.refresh(this.#site, (error) => this.#events.failed(error));
    this.#bytes += feed.chunk.length - before;
  }

  #serve(feed: Feed, now: number): void {
    this.#refresh(feed);
    if (this.#bytes > this.#maxBytes) {
      this.#forget(feed);
      for (const { viewer } of feed.subscriptions) viewer.stream.destroy();
      return;
    }
    for (const subscription of feed.subscriptions) {
      const { viewer, prefix } = subscription;
      // A viewer that came after the last round has had its views since, and waits for the next.
      if (viewer.openedAt > this.#roundEnded) continue;
      if (viewer.isSlow(this.#rounds)) {
        if (now - viewer.sentAt >= BOUNDS.streamStillMs.value) viewer.stream.destroy();
        continue;
      }
      if (subscription.has !== feed.version) {
        subscription.has = feed.version;
        viewer.send(now, this.#rounds, prefix, feed.chunk);
        this.#events.sent(viewer.stream);
      } else if (now - viewer.sentAt >= STREAM_COMMENT_MS) viewer.send(now, this.#rounds, ': still here\n\n');
    }
  }

  /** Ends all streams. */
  close(): void {
    this.#stop();
    for (const { subscriptions } of this.#feeds.values())
      for (const { viewer } of subscriptions) viewer.stream.end();
  }
}
