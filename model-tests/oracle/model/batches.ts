import type { Client } from './client.ts';
import { text, type Entries, type Reply } from './told.ts';
import type { Tell } from './variable.ts';

export interface Result {
  readonly text: string;
  readonly descriptor: number;
  readonly metadata: Entries;
}

/** Results, and who waits for them, by batch (S7, S10). */
export class Batches {
  #results: { batch: string | undefined; result: Result }[] = [];
  #waiting: { batch: string | undefined; client: Client; takes: boolean }[] = [];
  /** Who asked last, for S12. */
  #lastAsker: Client | undefined;
  readonly #tell: Tell;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  add(batch: string | undefined, result: Result): void {
    const waiter = this.#waiting.find((other) => other.batch === batch);
    if (waiter === undefined) return void this.#results.push({ batch, result });
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    this.#tell(waiter.client, { ...this.#reply(result), from: null, index: 0 });
  }

  #reply({ text, descriptor, metadata }: Result): Reply {
    return { status: '0000', value: text, descriptor, metadata };
  }

  asked(client: Client): void {
    this.#lastAsker = client;
  }

  take(batch: string | undefined): Reply | undefined {
    const oldest = this.#results.find((kept) => kept.batch === batch);
    if (oldest === undefined) return undefined;
    this.#results = this.#results.filter((kept) => kept !== oldest);
    return this.#reply(oldest.result);
  }

  wait(batch: string | undefined, client: Client, takes: boolean): void {
    this.#waiting.push({ batch, client, takes });
  }

  withdraw(client: Client): void {
    this.#waiting = this.#waiting.filter((other) => other.client !== client);
  }

  isWaiting(client: Client): boolean {
    return this.#waiting.some((other) => other.client === client);
  }

  tellAll(reply: Reply): void {
    for (const { client } of this.#waiting.splice(0)) this.#tell(client, reply);
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
