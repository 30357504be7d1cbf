import type { Client } from './client.ts';
import type { Leases } from './leases.ts';
import { DONE, NO_VALUE, PURGED, refusal, STORE_REFUSED, text, type Entries, type Reply } from './replies.ts';

export interface Value {
  readonly text: string;
  readonly descriptor: number;
  readonly metadata: Entries;
}

/** A value with its number in its variable (V10). */
export interface Kept {
  readonly value: Value;
  readonly number: number;
}

/** The position of an iteration (V10): in a variable that the client has read, or in one that does not exist. */
export interface Place {
  readonly variable: Variable | undefined;
  readonly index: number | undefined;
}

export interface Get {
  readonly client: Client;
  readonly takes: boolean;
  readonly waits: boolean;
  readonly iterates: boolean;
  readonly after: Place | undefined;
  readonly metadata: Entries;
  /** The milliseconds for which it takes the value (V13). */
  readonly lasts?: number;
}

/** A client that waits, and the milliseconds for which it takes the value, if not for good. */
interface Fetcher {
  readonly client: Client;
  readonly lasts: number | undefined;
}

export type SendReply = (client: Client, reply: Reply) => void;

/** The bounds of rings on this server, chosen so that the exact accounting of bytes does not matter. */
export const RING = { logCount: 4, logBytes: 12_000 };

const sizeOf = ({ text, metadata }: Value): number =>
  text.length + Object.entries(metadata).reduce((sum, [name, entry]) => sum + name.length + entry.length, 0);

const MODES = new Set(['fifo', 'lifo', 'multi', 'single', '__time', '__barrier']);
const TIME = /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;
const NOT_JOINED = refusal('Client has not joined this barrier group.');

const FULL = refusal('Store failed: the fifo holds as many values as its capacity.');
/** V13.5. */
const GIVES_NO_LEASES = new Set(['__time', '__barrier']);
const noLeases = (mode: string): Reply => refusal(`take is not supported for a variable of mode "${mode}".`);

/** The simplest variable that V1–V14 allow: arrays, searched from the front. */
export class Variable {
  readonly name: string;
  readonly hidden: boolean;
  mode = 'unknown';
  /** It keeps its last values (S20). */
  isRing = false;
  /** V14; undefined: it has none. */
  #capacity: number | undefined;
  #values: Kept[] = [];
  #stored = 0;
  #finders: Client[] = [];
  #fetchers: Fetcher[] = [];
  /** Stores that wait for room, the longest wait first (V14.2). */
  #storers: { client: Client; value: Value }[] = [];
  /** The members of a barrier, and those that wait. */
  #members: Client[] = [];
  #arrived: Client[] = [];
  readonly #send: SendReply;
  readonly #leases: Leases;

  constructor(name: string, send: SendReply, leases: Leases, hidden = false) {
    this.name = name;
    this.#send = send;
    this.#leases = leases;
    this.hidden = hidden;
  }

  /** V2, V14. */
  declare(mode: string, capacity?: string): Reply {
    const limit = Number(capacity);
    const isNew = this.mode === 'unknown' && MODES.has(mode);
    if (isNew) this.mode = mode;
    if (this.mode !== mode || !MODES.has(mode)) return refusal(`Cannot change variable mode to "${mode}".`);
    if (capacity === undefined || limit === this.#capacity) return DONE;
    if (!isNew) return refusal(`Cannot change variable capacity to ${limit}.`);
    this.#capacity = limit;
    return DONE;
  }

  /** @returns undefined if the client waits from now on (V14.2) */
  store(value: Value, client: Client, waits = false): Reply | undefined {
    if (this.mode === '__time') return STORE_REFUSED;
    if (this.mode === '__barrier') return this.#join(client);
    if (this.#isFull && waits) {
      this.#storers.push({ client, value });
      return undefined;
    }
    if (this.#isFull) return FULL;
    this.keep(value);
    return DONE;
  }

  /** V14.1. */
  get #isFull(): boolean {
    const held = this.#values.length + this.#leases.of(this).length;
    return this.#capacity !== undefined && held >= this.#capacity;
  }

  /** A value may have been removed (V14.2). */
  admit(): void {
    for (;;) {
      const next = this.#isFull ? undefined : this.#storers.shift();
      if (next === undefined) return;
      this.put(next.value);
      this.#send(next.client, text(''));
    }
  }

  /** The first value decides the mode (V3). */
  keep(value: Value): void {
    if (this.mode === 'unknown') this.mode = 'fifo';
    this.put(value);
  }

  holds(value: Value): boolean {
    return this.#values.some((kept) => kept.value === value);
  }

  /** V5. */
  put(value: Value): void {
    const kept = { value, number: this.#stored++ };
    const isKept = this.#offer(kept);
    if (this.mode === 'single') this.#values = [];
    if (isKept) this.#values.push(kept);
    if (this.isRing) while (this.#values.length > 1 && !this.#fits) this.#values.shift();
  }

  /** @returns whether nobody has taken it */
  #offer(kept: Kept): boolean {
    for (const client of this.#finders.splice(0)) this.#send(client, this.#found(kept));
    const fetcher = this.#fetchers.shift();
    if (fetcher !== undefined) this.#send(fetcher.client, this.#given(kept, fetcher));
    return fetcher === undefined;
  }

  /** The reply to who takes a value. */
  #given(kept: Kept, { client, lasts }: Fetcher): Reply {
    const found = this.#found(kept);
    return lasts === undefined ? found : { ...found, lease: this.#leases.begin(client, this, kept, lasts) };
  }

  /** The value of a lease returns (V13.2). */
  takeBack(kept: Kept): void {
    if (this.mode === 'single' && kept.number !== this.#stored - 1) return;
    if (this.#offer(kept)) {
      const before = this.#isStack ? -1 : this.#values.findIndex(({ number }) => number > kept.number);
      this.#values.splice(before < 0 ? this.#values.length : before, 0, kept);
    }
    this.admit();
  }

  /** S20. */
  get #fits(): boolean {
    const bytes = this.#values.reduce((sum, { value }) => sum + sizeOf(value), 0);
    return this.#values.length <= RING.logCount && bytes <= RING.logBytes;
  }

  /** @returns undefined if the client waits from now on */
  get(get: Get): Reply | undefined {
    const { after, takes, client, lasts } = get;
    if (lasts !== undefined && GIVES_NO_LEASES.has(this.mode)) return noLeases(this.mode);
    if (lasts !== undefined && this.isRing) return { status: '0001' };
    if (after !== undefined && after.variable !== this) return refusal('Variable id mismatch.');
    if (this.mode === '__time') return { ...text(TIME), descriptor: 1 };
    if (this.mode === '__barrier') return this.#meet(get);
    if (this.#isStack && after?.index !== undefined)
      return refusal(`${takes ? 'ifetch' : 'ifind'}* not supported on LIFO`);
    const from = after?.index ?? -1;
    const next = this.#isStack ? this.#values.at(-1) : this.#values.find(({ number }) => number > from);
    const head = this.#values[0]?.number ?? this.#stored;
    if (this.mode === 'fifo' && takes && from >= head)
      return refusal('ifetch* only supported at beginning of FIFO');
    if (next === undefined && !get.waits) return NO_VALUE;
    if (next === undefined) {
      if (takes) this.#fetchers.push({ client, lasts });
      else this.#finders.push(client);
      return undefined;
    }
    if (!takes) return this.#found(next);
    this.#values = this.#values.filter((kept) => kept !== next);
    const given = this.#given(next, { client, lasts });
    this.admit();
    return given;
  }

  #found({ value, number }: Kept): Reply {
    const { text, descriptor, metadata } = value;
    const index = this.#isStack ? 0 : number;
    return { status: '0000', value: text, descriptor, metadata, from: this, index };
  }

  #join(client: Client): Reply {
    if (this.#members.includes(client))
      return refusal('Client attempting to join barrier group, but is already a member');
    this.#members.push(client);
    return DONE;
  }

  #meet({ client, takes, waits }: Get): Reply | undefined {
    const count = this.#members.length;
    if (!takes && !waits) return text(`${this.#arrived.length} out of ${count} at barrier`);
    if (!this.#members.includes(client)) return NOT_JOINED;
    if (takes) {
      this.#leave(client);
      return text('');
    }
    this.#arrived.push(client);
    if (this.#arrived.length < count) return undefined;
    this.#arrived.pop();
    this.#release(count);
    return text(String(count));
  }

  #leave(client: Client): void {
    const count = this.#members.length;
    this.#members = this.#members.filter((member) => member !== client);
    this.#arrived = this.#arrived.filter((member) => member !== client);
    if (this.#arrived.length > 0 && this.#arrived.length === this.#members.length) this.#release(count);
  }

  #release(count: number): void {
    for (const member of this.#arrived.splice(0)) this.#send(member, text(String(count)));
  }

  /** A waiting client stops waiting here (V6, P5.3). */
  withdraw(client: Client): void {
    this.#finders = this.#finders.filter((other) => other !== client);
    this.#fetchers = this.#fetchers.filter((other) => other.client !== client);
    this.#storers = this.#storers.filter((other) => other.client !== client);
    this.#arrived = this.#arrived.filter((other) => other !== client);
  }

  forget(client: Client): void {
    this.withdraw(client);
    if (this.#members.includes(client)) this.#leave(client);
  }

  /** V7, V13.4, V14.3. */
  purge(): void {
    for (const lease of this.#leases.of(this)) this.#leases.drop(lease);
    const taking = [...this.#fetchers, ...this.#storers].map(({ client }) => client);
    for (const client of [...this.#finders, ...taking, ...this.#arrived]) this.#send(client, PURGED);
  }

  /** V8. */
  get line(): string {
    const isBarrier = this.mode === '__barrier';
    const values = isBarrier ? this.#members.length : this.mode === '__time' ? 1 : this.#values.length;
    const finders = this.#finders.length + this.#arrived.length;
    return [this.name, values, this.#fetchers.length, finders, this.mode].join('\t');
  }

  get #isStack(): boolean {
    return this.mode === 'lifo' || this.mode === 'multi';
  }
}
