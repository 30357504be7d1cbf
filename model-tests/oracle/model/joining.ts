import type { Client } from './client.ts';
import type { Crew } from './crew.ts';
import { isWhole, notANumber, NO_VALUE_YET, text, type Reply } from './replies.ts';
import type { Get, SendReply } from './variable.ts';

/** Clients that wait for the group, in `status` and `waitForWorkers` (S5, S6, S17). */
export class Joining {
  readonly #crew: Crew;
  readonly #send: SendReply;
  readonly #close: () => void;
  #waiting: { client: Client; isShort: boolean }[] = [];
  /** The join phase takes no time. */
  #closesAtOnce = false;

  constructor(crew: Crew, send: SendReply, close: () => void) {
    this.#crew = crew;
    this.#send = send;
    this.#close = close;
  }

  get(name: string, { client, waits, metadata }: Get): Reply | undefined {
    const crew = this.#crew;
    const { delay } = metadata;
    if (delay !== undefined && !isWhole(delay)) return notANumber('delay', delay);
    if (crew.join === 'closed') return text(String(crew.registeredAtClosing));
    if (crew.isElastic && crew.isComplete) return text(String(crew.registered));
    if (!waits) return NO_VALUE_YET;
    const isShort = delay === '0';
    if (name === 'status' && crew.join === 'open') {
      crew.join = 'joining';
      crew.begunByStatus = true;
      this.#closesAtOnce = isShort;
      if (crew.isComplete) {
        this.#close();
        return text(String(crew.registeredAtClosing));
      }
    }
    this.#waiting.push({ client, isShort: isShort && (name === 'waitForWorkers' || crew.isElastic) });
    return undefined;
  }

  /** S4, S17: a worker has registered, or never will. */
  look(): void {
    if (this.#crew.isElastic && this.#crew.isComplete) this.replyToAll(text(String(this.#crew.registered)));
  }

  /** Waits of zero seconds have ended. */
  elapse(): void {
    if (this.#closesAtOnce && this.#crew.join === 'joining') this.#close();
    const short = this.#waiting.filter(({ isShort }) => isShort);
    this.#waiting = this.#waiting.filter(({ isShort }) => !isShort);
    for (const { client } of short) this.#sendLate(client, text(String(this.#crew.registered)));
  }

  replyToAll(reply: Reply): void {
    for (const { client } of this.#waiting.splice(0)) this.#sendLate(client, reply);
  }

  #sendLate(client: Client, reply: Reply): void {
    this.#send(client, reply.status === '0000' ? { ...reply, from: null, index: 0 } : reply);
  }

  withdraw(client: Client): void {
    this.#waiting = this.#waiting.filter((other) => other.client !== client);
  }
}
