/**
 * The views that the page shows, kept up to date. All of them come on one stream, because a browser allows six
 * connections to one host, for all its windows together. The stream is opened anew when other views are shown, is closed
 * while the page is hidden, and is opened again when it breaks.
 */
import type { ErrorView } from '../../views/types.ts';
import { api } from './paths.ts';
import { LOADING, read, type Reading } from './reading.ts';

const AGAIN_MILLISECONDS = 1000;
/** The server takes requests of 8 KiB. Views with longer names have several streams. */
const LONGEST_ADDRESS = 6_000;
/** The number of views that the server puts on one stream. */
const MAX_VIEWS = 32;

class Feed {
  reading: Reading<string> = LOADING;
  readonly listeners = new Set<() => void>();
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  say(reading: Reading<string>): void {
    this.reading = reading;
    for (const listener of this.listeners) listener();
    for (const watcher of watchers) watcher();
  }
}

const feeds = new Map<string, Feed>();
const watchers = new Set<() => void>();

/** @returns a function that ends it */
export function follow(path: string, listener: () => void): () => void {
  const feed = feeds.get(path) ?? new Feed(path);
  if (!feeds.has(path)) {
    feeds.set(path, feed);
    reopen(0);
  }
  feed.listeners.add(listener);
  return () => {
    feed.listeners.delete(listener);
    if (feed.listeners.size > 0) return;
    feeds.delete(path);
    reopen(0);
    for (const watcher of watchers) watcher();
  };
}

export const readingOf = (path: string): Reading<string> => feeds.get(path)?.reading ?? LOADING;

/** Whether the connection to the server is lost. */
export function isLost(): boolean {
  return [...feeds.values()].some(({ reading }) => reading.status === 'lost');
}

/** @returns a function that ends it */
export function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Usually one. */
let streams: EventSource[] = [];
let due: ReturnType<typeof setTimeout> | undefined;
/** The views on the open streams. */
let streamed = '';

/** Opens the streams anew in a moment, so that the views of a page come on one stream. */
function reopen(milliseconds: number): void {
  clearTimeout(due);
  due = setTimeout(open, milliseconds);
}

function close(): void {
  clearTimeout(due);
  for (const stream of streams) stream.close();
  streams = [];
  streamed = '';
}

function open(): void {
  const wanted = [...feeds.keys()].join('\n');
  if (document.hidden || wanted === streamed) return;
  close();
  streamed = wanted;
  streams = inStreams([...feeds.values()]).map(openStream);
}

/** Distributes views to streams, in order. */
function inStreams(all: readonly Feed[]): Feed[][] {
  const groups: Feed[][] = [];
  let length = 0;
  for (const feed of all) {
    const own = viewOf(feed).length + '&view='.length;
    const group = groups.at(-1);
    if (group === undefined || length + own > LONGEST_ADDRESS || group.length === MAX_VIEWS) {
      groups.push([feed]);
      length = own;
    } else {
      group.push(feed);
      length += own;
    }
  }
  return groups;
}

/** A view as a parameter of the address of its stream. */
const viewOf = ({ path }: Feed): string => encodeURIComponent(path.slice(api('').length));

function openStream(group: readonly Feed[]): EventSource {
  const source = new EventSource(
    `${api('/stream')}?${group.map((feed) => `view=${viewOf(feed)}`).join('&')}`,
  );
  const onEvent = (type: string, listener: (feed: Feed, data: string) => void): void =>
    source.addEventListener(type, ({ data }: MessageEvent<string>) => {
      const end = data.indexOf('\n');
      const feed = group[Number(data.slice(0, end))];
      if (feed !== undefined) listener(feed, data.slice(end + 1));
    });
  onEvent('message', (feed, data) =>
    feed.say({ data, status: 'live', error: undefined, at: performance.now() }),
  );
  onEvent('gone', (feed, data) => {
    const { error }: ErrorView = JSON.parse(data);
    feed.say({ data: undefined, status: 'missing', error, at: performance.now() });
  });
  onEvent('failed', (feed, data) => {
    const { error }: ErrorView = JSON.parse(data);
    feed.say({ ...feed.reading, status: 'failed', error });
  });
  source.addEventListener('error', () => {
    close();
    void findOut();
  });
  return source;
}

/** A broken stream gives no reason, so this sends a plain request for it. */
async function findOut(): Promise<void> {
  const [first] = feeds.keys();
  if (first === undefined) return;
  const { status } = await read(first);
  if (status === 'lost') for (const feed of feeds.values()) feed.say({ ...feed.reading, status });
  if (streams.length === 0) reopen(AGAIN_MILLISECONDS);
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) close();
  else open();
});
