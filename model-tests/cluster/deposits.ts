import { setTimeout as sleep } from 'node:timers/promises';
import { cookieOf } from '../../src/verify/client-codec.ts';
import { ProtocolClient, type Address } from '../../src/verify/protocol-client.ts';
import { patiently } from './patiently.ts';

const VARIABLE = 'deposits';

/** Milliseconds between two values. */
const PACE_MS = 50;

/** Milliseconds within which all values must have been read. */
const PATIENCE_MS = 60_000;

/**
 * Stores numbers that nobody fetches. In a history a fetch without a reply excuses any value that is missing. Here nothing does: each
 * number whose store was acknowledged must be there in the end, and in order, and no number twice.
 */
export class Deposits {
  readonly #servers: () => Address;
  readonly #workspace: string;
  readonly #acknowledged: number[] = [];
  readonly #storing: Promise<void>;
  #next = 0;
  #isOver = false;

  constructor(servers: () => Address, workspace: string) {
    this.#servers = servers;
    this.#workspace = workspace;
    this.#storing = this.#store();
  }

  static async create(client: ProtocolClient, workspace: string): Promise<void> {
    await client.ask(['declare var', workspace, VARIABLE, 'fifo']);
  }

  async #open(): Promise<ProtocolClient> {
    const client = await ProtocolClient.ready(this.#servers());
    await client.ask(['use ws', this.#workspace, 'deposits', 'no']);
    return client;
  }

  async #store(): Promise<void> {
    while (!this.#isOver) {
      let client: ProtocolClient | undefined;
      try {
        client = await this.#open();
        while (!this.#isOver) {
          const number = this.#next++;
          const { status } = await client.ask(['store', this.#workspace, VARIABLE, '1', String(number)]);
          if (status === '0000') this.#acknowledged.push(number);
          await sleep(PACE_MS);
        }
      } catch {
        await sleep(10);
      }
      client?.vanish();
    }
  }

  /** @returns what was lost or doubled, in sentences */
  async end(): Promise<readonly string[]> {
    this.#isOver = true;
    await this.#storing;
    const found = await patiently(PATIENCE_MS, () => this.#read());
    const there = new Set(found);
    const acknowledged = new Set(this.#acknowledged);
    // A store without a reply may be carried out later than those that follow it over another connection, as on one server.
    const inOrder = found.filter((number) => acknowledged.has(number));
    return [
      ...this.#acknowledged
        .filter((number) => !there.has(number))
        .map((number) => `deposit ${number} of ${this.#workspace} was acknowledged and is lost`),
      ...found
        .filter((number, at) => found.indexOf(number) !== at)
        .map((number) => `deposit ${number} of ${this.#workspace} is there twice`),
      ...inOrder
        .filter((number, at) => number < (inOrder[at - 1] ?? -1))
        .map((number) => `deposit ${number} of ${this.#workspace} is there after a later one`),
    ];
  }

  /** Reads all values, and removes none. */
  async #read(): Promise<readonly number[]> {
    const client = await this.#open();
    try {
      const found: number[] = [];
      let cookie: readonly string[] = [];
      for (;;) {
        const reply = await client.ask(['ifindTry', this.#workspace, VARIABLE, ...cookie]);
        if (reply.status !== '0000') return found;
        found.push(Number(reply.value));
        cookie = cookieOf(reply);
      }
    } finally {
      client.vanish();
    }
  }
}
