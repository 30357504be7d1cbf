import type { Client } from './client.ts';
import { DONE, NO_VALUE, PURGED, refusal, STORE_REFUSED, text, type Entries, type Reply } from './replies.ts';

export interface Value {
  readonly text: string;
  readonly descriptor: number;
  readonly metadata: Entries;
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
}

export type SendReply = (client: Client, reply: Reply) => void;

/** The bounds of rings on this server, chosen so that the exact accounting of bytes does not matter. */
export const RING = { logCount: 4, logBytes: 12_000 };

const sizeOf = ({ text, metadata }: Value): number =>
  text.length + Object.entries(metadata).reduce((sum, [name, entry]) => sum + name.length + entry.length, 0);

const MODES = new Set(['fifo', 'lifo', 'multi', 'single', '__time', '__barrier']);
const TIME = /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;
const NOT_JOINED = refusal('Client has not joined this barrier group.');

/** The simplest variable that V1–V12 allow: arrays, searched from the front. */
export class Variable {
  readonly name: string;
  readonly hidden: boolean;
  mode = 'unknown';
  /** It keeps its last values (S20). */
  isRing = false;
  #values: { value: Value; number: number }[] = [];
  #stored = 0;
  #finders: Client[] = [];
  #fetchers: Client[] = [];
  /** The members of a barrier, and those that wait. */
  #members: Client[] = [];
  #arrived: Client[] = [];
  readonly #send: SendReply;

  constructor(name: string, send: SendReply, hidden = false) {
    this.name = name;
    this.#send = send;
    this.hidden = hidden;
  }

  declare(mode: string): Reply {
    if (this.mode === 'unknown' && MODES.has(mode)) this.mode = mode;
    return this.mode === mode && MODES.has(mode)
      ? DONE
      : refusal(`Cannot change variable mode to "${mode}".`);
  }

  store(value: Value, client: Client): Reply {
    if (this.mode === '__time') return STORE_REFUSED;
    if (this.mode === '__barrier') return this.#join(client);
    this.keep(value);
    return DONE;
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
    const fetcher = this.#fetchers.shift();
    const served = fetcher === undefined ? this.#finders : [...this.#finders, fetcher];
    this.#finders = [];
    for (const client of served) this.#send(client, this.#found(kept));
    if (this.mode === 'single') this.#values = [];
    if (fetcher === undefined) this.#values.push(kept);
    if (this.isRing) while (this.#values.length > 1 && !this.#fits) this.#values.shift();
  }

  /** S20. */
  get #fits(): boolean {
    const bytes = this.#values.reduce((sum, { value }) => sum + sizeOf(value), 0);
    return this.#values.length <= RING.logCount && bytes <= RING.logBytes;
  }

  /** @returns undefined if the client waits from now on */
  get(get: Get): Reply | undefined {
    const { after, takes } = get;
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
      (takes ? this.#fetchers : this.#finders).push(get.client);
      return undefined;
    }
    if (takes) this.#values = this.#values.filter((kept) => kept !== next);
    return this.#found(next);
  }

  #found({ value, number }: { value: Value; number: number }): Reply {
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
    this.#fetchers = this.#fetchers.filter((other) => other !== client);
    this.#arrived = this.#arrived.filter((other) => other !== client);
  }

  forget(client: Client): void {
    this.withdraw(client);
    if (this.#members.includes(client)) this.#leave(client);
  }

  /** V7. */
  purge(): void {
    for (const client of [...this.#finders, ...this.#fetchers, ...this.#arrived]) this.#send(client, PURGED);
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
