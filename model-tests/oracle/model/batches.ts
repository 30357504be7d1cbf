import type { Client } from './client.ts';
import { text, type Entries, type Reply } from './replies.ts';
import type { SendReply } from './variable.ts';

export interface Result {
  readonly text: string;
  readonly descriptor: number;
  readonly metadata: Entries;
}

/** The place of the results of a task: a mailbox, or else its batch, which may have no name (S7, S21). */
export const placeOf = ({ mailbox, batchId }: Entries): string =>
  mailbox === undefined ? `batch ${JSON.stringify(batchId)}` : `mailbox ${mailbox}`;

/** The batches in which a task counts (S10, S21). */
export const batchesOf = ({ mailbox, batchId }: Entries): readonly (string | undefined)[] =>
  mailbox === undefined ? [batchId] : (batchId?.split(',') ?? [undefined]);

/** Results, and clients that wait for them, by their place. */
export class Batches {
  #results: { place: string; result: Result }[] = [];
  #waiting: { place: string; client: Client; takes: boolean }[] = [];
  /** The client of the last request for a result (S12). */
  #lastAsker: Client | undefined;
  readonly #send: SendReply;

  constructor(send: SendReply) {
    this.#send = send;
  }

  add(place: string, result: Result): void {
    const waiter = this.#waiting.find((other) => other.place === place);
    if (waiter === undefined) return void this.#results.push({ place, result });
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    this.#send(waiter.client, { ...this.#reply(result), from: null, index: 0 });
  }

  #reply({ text, descriptor, metadata }: Result): Reply {
    return { status: '0000', value: text, descriptor, metadata };
  }

  asked(client: Client): void {
    this.#lastAsker = client;
  }

  take(place: string): Reply | undefined {
    const oldest = this.#results.find((kept) => kept.place === place);
    if (oldest === undefined) return undefined;
    this.#results = this.#results.filter((kept) => kept !== oldest);
    return this.#reply(oldest.result);
  }

  wait(place: string, client: Client, takes: boolean): void {
    this.#waiting.push({ place, client, takes });
  }

  withdraw(client: Client): void {
    this.#waiting = this.#waiting.filter((other) => other.client !== client);
  }

  isWaiting(client: Client): boolean {
    return this.#waiting.some((other) => other.client === client);
  }

  replyToAll(reply: Reply): void {
    for (const { client } of this.#waiting.splice(0)) this.#send(client, reply);
  }

  get masterState(): string {
    const last = this.#lastAsker;
    return last !== undefined && this.isWaiting(last) ? 'Blocked for results' : 'Idle';
  }

  get line(): string {
    const fetchers = this.#waiting.filter(({ takes }) => takes).length;
    return ['result', this.#results.length, fetchers, this.#waiting.length - fetchers, 'custom'].join('\t');
  }
}

export const status = (pending: number, running: number): Reply => ({
  ...text(String(pending)),
  metadata: { nwsPending: String(pending), nwsRunning: String(running) },
});
