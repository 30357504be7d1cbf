import { randomUUID } from 'node:crypto';
import { JOB_TYPE, VERB } from '../../wire/names.ts';
import type { Reply } from '../client-codec.ts';
import { mustBe, mustHold, SOON, type Expectation } from '../mismatch.ts';
import {
  ProtocolClient,
  whenAnsweredInTime,
  type Address,
  type Details,
  type Pending,
} from '../protocol-client.ts';

/** How one clause is tried. */
export interface ClauseTrial {
  readonly clause: string;
  /** The requirement, as a sentence. */
  readonly what: string;
  /** @throws Mismatch */
  readonly run: (scene: Scene) => Promise<void>;
}

const RUN = randomUUID().slice(0, 8);
let scenes = 0;

/** A workspace of its own, with its clients. */
export class Scene {
  readonly workspace = `verify ${RUN} clause ${++scenes}`;
  readonly #server: Address;
  readonly #clients: ProtocolClient[] = [];

  /** The maximum wait for a due reply in milliseconds. */
  readonly #patience: number;

  constructor(server: Address, patience = SOON) {
    this.#server = server;
    this.#patience = patience;
  }

  /** A client that has not opened the workspace. */
  async stranger(): Promise<ProtocolClient> {
    const client = await ProtocolClient.ready(this.#server);
    this.#clients.push(client);
    return client;
  }

  /** A client with the old handshake (P2.4). */
  async oldStranger(): Promise<ProtocolClient> {
    const client = await ProtocolClient.open(this.#server);
    this.#clients.push(client);
    await client.greetOldWay();
    return client;
  }

  /** A client that owns the workspace. */
  async owner(metadata: Details = {}): Promise<ProtocolClient> {
    const client = await this.stranger();
    mustBe(VERB.openWs, await client.ask([VERB.openWs, this.workspace, 'verify', 'no'], metadata), {});
    return client;
  }

  /** The master of a job. */
  master(options: Details = {}): Promise<ProtocolClient> {
    return this.owner({ wstype: JOB_TYPE, ...options });
  }

  /** A client that uses the workspace. */
  async guest(): Promise<ProtocolClient> {
    const client = await this.stranger();
    mustBe(VERB.useWs, await client.ask([VERB.useWs, this.workspace, 'verify', 'no', 'no']), {});
    return client;
  }

  async declare(client: ProtocolClient, variable: string, mode: string): Promise<void> {
    mustBe(VERB.declareVar, await client.ask([VERB.declareVar, this.workspace, variable, mode]), {});
  }

  async store(
    client: ProtocolClient,
    variable: string,
    value: string,
    metadata: Details = {},
    expected: Expectation = {},
  ): Promise<void> {
    const answer = await client.ask([VERB.store, this.workspace, variable, '1', value], metadata);
    mustBe(`store ${variable}`, answer, expected);
  }

  async get(
    client: ProtocolClient,
    verb: string,
    variable: string,
    expected: Expectation,
    { metadata = {}, cookie = [] }: { metadata?: Details; cookie?: readonly string[] } = {},
  ): Promise<Reply> {
    const pending = client.begin([verb, this.workspace, variable, ...cookie], metadata);
    return this.answered(pending, `${verb} ${variable}`, expected);
  }

  /** A get that must wait. */
  wait(client: ProtocolClient, verb: string, variable: string, metadata: Details = {}): Pending {
    return client.begin([verb, this.workspace, variable], metadata);
  }

  async answered({ whenAnswered }: Pending, what: string, expected: Expectation): Promise<Reply> {
    const answer = await whenAnsweredInTime(whenAnswered, what, this.#patience);
    mustBe(what, answer, expected);
    return answer;
  }

  /** Everything sent before has been carried out, and none of it answered the request. */
  async stillWaits(pending: Pending, what: string, by: ProtocolClient): Promise<void> {
    mustBe(VERB.listWss, await by.ask([VERB.listWss, this.workspace]), {});
    mustHold(pending.answer === undefined, `${what} was answered: "${pending.answer?.value}"`);
  }

  /** Resolves when `count` gets wait in a variable (V8). */
  async waitersOf(client: ProtocolClient, variable: string, count: number): Promise<void> {
    for (let tries = 0; ; tries++) {
      const { value } = await client.ask([VERB.listVars, this.workspace]);
      const line = value.split('\n').find((text) => text.startsWith(`${variable}\t`)) ?? '';
      const [, , fetchers, finders] = line.split('\t');
      if (Number(fetchers) + Number(finders) === count) return;
      mustHold(tries < 1_000, `list vars does not count ${count} waiting gets in ${variable}: "${line}"`);
    }
  }

  close(): void {
    for (const client of this.#clients) client.vanish();
  }
}
