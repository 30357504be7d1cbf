import { BOUNDS } from '../wire/bounds.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Found, NwsConnection } from '../client/connection/connection.ts';
import { VERB } from '../wire/names.ts';
import { isFile, sizeOf } from '../wire/payload.ts';
import type { Value } from '../workspace/value.ts';
import { fault } from '../wire/error-kind.ts';

/** Returns the text of a value that is not text, from a program in the language of its maker, once it is available. */
export type Translate = (value: Value, maker: string) => string | undefined;

/** The part of the server that babelfishes use. */
export interface Sea {
  /** Connects a client for one translation. */
  connect(): Promise<NwsConnection>;
  /** Whether a workspace of that name exists. */
  has(workspace: string): boolean;
  /** Called when a text has arrived, so that views of its value can be updated. */
  arrived(): void;
}

/** Milliseconds for which a babelfish that did neither is not used, so that a late answer can be recognized. */
const REST = 30_000;
/** The number of texts, and of waiting values, that are kept for one babelfish. */
const MAX_KEPT = 1_000;
const MAX_WAITING = 200;

/** The state of a value: it waits for its text, has it, or cannot get one. */
type Entry = 'waiting' | { readonly text: string } | 'unreadable';

/**
 * Programs that convert values of their language to text. Each waits in the workspace `MAKER babelfish` for a value
 * in `food` and stores its text to `doof`. The server is a client of that workspace. An answer does not identify its
 * value, so each babelfish gets one value at a time.
 */
export class Babelfishes {
  readonly #sea: Sea;
  readonly #all = new Map<string, Babelfish>();

  constructor(sea: Sea) {
    this.#sea = sea;
  }

  /** Returns at once. If there is no text yet, one is requested. */
  readonly translate: Translate = (value, maker) => {
    const workspace = `${maker} babelfish`;
    if (maker === '' || isFile(value.payload) || sizeOf(value.payload) > BOUNDS.babelfishValueBytes.value)
      return undefined;
    if (!this.#sea.has(workspace)) {
      this.#all.delete(workspace);
      return undefined;
    }
    let babelfish = this.#all.get(workspace);
    if (babelfish === undefined) this.#all.set(workspace, (babelfish = new Babelfish(workspace, this.#sea)));
    return babelfish.textOf(value);
  };
}

class Babelfish {
  readonly #workspace: string;
  readonly #sea: Sea;
  /** Weak references, so that it keeps no value in memory. */
  readonly #entries = new WeakMap<Value, Entry>();
  readonly #known = new Set<WeakRef<Value>>();
  readonly #waiting: Value[] = [];
  #isBusy = false;
  #restsUntil = 0;

  constructor(workspace: string, sea: Sea) {
    this.#workspace = workspace;
    this.#sea = sea;
  }

  textOf(value: Value): string | undefined {
    const entry = this.#entries.get(value);
    if (typeof entry === 'object') return entry.text;
    const isFull = this.#waiting.length >= MAX_WAITING;
    if (entry !== undefined || isFull || performance.now() < this.#restsUntil) return undefined;
    this.#entries.set(value, 'waiting');
    this.#waiting.push(value);
    if (!this.#isBusy) void this.#work();
    return undefined;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let value = this.#waiting.shift(); value !== undefined; value = this.#waiting.shift()) {
      try {
        this.#keep(value, await this.#translate(value));
      } catch {
        // The babelfish is silent or has ended, so it would not convert the others either.
        for (const other of [value, ...this.#waiting.splice(0)]) this.#entries.delete(other);
        this.#restsUntil = performance.now() + REST;
      }
      this.#sea.arrived();
    }
    this.#isBusy = false;
  }

  #keep(value: Value, entry: Entry): void {
    this.#entries.set(value, entry);
    this.#known.add(new WeakRef(value));
    if (this.#known.size <= MAX_KEPT) return;
    const [oldest] = this.#known;
    if (oldest === undefined) return;
    this.#known.delete(oldest);
    const forgotten = oldest.deref();
    if (forgotten !== undefined) this.#entries.delete(forgotten);
  }

  /** @throws if there is no answer */
  async #translate({ descriptor, payload, metadata }: Value): Promise<Entry> {
    if (isFile(payload)) return 'unreadable';
    const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
    const client = await this.#sea.connect();
    try {
      await client.request([VERB.useWs, this.#workspace, 'web page', 'no', 'no']);
      // Removes late answers for earlier values.
      while ((await client.fetchTry(this.#workspace, 'doof')) !== undefined);
      await client.request([VERB.store, this.#workspace, 'food', String(descriptor), bytes], metadata);
      const { value } = await this.#answerOf(client.fetch(this.#workspace, 'doof'));
      return typeof value === 'string'
        ? { text: value.slice(0, BOUNDS.babelfishTextBytes.value) }
        : 'unreadable';
    } finally {
      client.close();
    }
  }

  async #answerOf(fetched: Promise<Found>): Promise<Found> {
    return (
      (await within(BOUNDS.babelfishTakeMs.value, fetched)) ??
      ((await this.#takeBack()) ? undefined : await within(BOUNDS.babelfishAnswerMs.value, fetched)) ??
      Promise.reject(fault(`${this.#workspace} is silent`))
    );
  }

  /** @returns whether the value was still there */
  async #takeBack(): Promise<boolean> {
    const client = await this.#sea.connect();
    try {
      await client.request([VERB.useWs, this.#workspace, 'web page', 'no', 'no']);
      return (await client.fetchTry(this.#workspace, 'food')) !== undefined;
    } finally {
      client.close();
    }
  }
}

/** @returns undefined if the promise did not resolve in time */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([promise, sleep(milliseconds, undefined, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
