import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VERB } from '../../wire/names.ts';
import { cookieOf, type Reply } from '../client-codec.ts';
import { ProtocolClient, type Address } from '../protocol-client.ts';
import type { Operation } from './operation.ts';
import { RecordingProxy } from './recording-proxy.ts';

export interface LoadOptions {
  /** Clients of each variable at a time. */
  readonly clients?: number;
  /** Requests of each client at each variable. */
  readonly requests?: number;
  /** From 0, below 1. */
  readonly random?: () => number;
  /** Milliseconds to wait at the end for gets that have a value. */
  readonly patience?: number;
}

const MODES = ['fifo', 'lifo', 'single'] as const;
const GETS = [VERB.fetch, VERB.find, VERB.fetchTry, VERB.findTry, VERB.fetch] as const;
/** Longer than the minimum age of a value for which a waiting get is reported as forgotten. */
const PATIENCE_MS = 1_500;
/** Within it everybody comes to a barrier. */
const BARRIER_TIME_MS = 3_000;
const ROUNDS_AT_BARRIER = 4;
/** Stores for the clients that still wait at the end; each serves at least one of them. */
const MAX_RELEASES = 200;

/**
 * Several clients use variables of every mode of a server at the same time, in workspaces of their own, with values
 * that are all different; some vanish while they wait. @returns what was recorded
 * @throws when the server cannot be reached
 */
export async function recordLoad(
  server: Address,
  { clients = 5, requests = 30, random = Math.random, patience = PATIENCE_MS }: LoadOptions = {},
): Promise<Operation[]> {
  using proxy = await RecordingProxy.before(() => server);
  const workspace = `verify history ${randomUUID().slice(0, 8)}`;
  const owner = await ProtocolClient.ready(server);
  const guests: ProtocolClient[] = [];
  const guest = async (): Promise<ProtocolClient> => {
    const client = await ProtocolClient.ready(proxy);
    guests.push(client);
    await client.ask([VERB.useWs, workspace, 'verify', 'no', 'no']);
    return client;
  };
  try {
    await owner.ask([VERB.openWs, workspace, 'verify', 'no']);
    const load = new Load(workspace, guest, random);
    const declarer = await guest();
    for (const mode of [...MODES, '__barrier']) await declarer.ask([VERB.declareVar, workspace, mode, mode]);
    await Promise.all([
      ...MODES.flatMap((mode) => Array.from({ length: clients }, () => load.use(mode, requests))),
      load.iterate(requests),
      ...Array.from({ length: clients }, () => load.meet()),
    ]);
    await load.release(declarer, () => proxy.recording.waiting, patience);
    return proxy.recording.operations(true);
  } finally {
    for (const client of [owner, ...guests]) client.vanish();
  }
}

class Load {
  readonly #workspace: string;
  readonly #guest: () => Promise<ProtocolClient>;
  readonly #random: () => number;
  #values = 0;

  constructor(workspace: string, guest: () => Promise<ProtocolClient>, random: () => number) {
    this.#workspace = workspace;
    this.#guest = guest;
    this.#random = random;
  }

  #store(client: ProtocolClient, variable: string): Promise<Reply> {
    return client.ask([VERB.store, this.#workspace, variable, '1', `value ${++this.#values}`]);
  }

  /** One client stores and gets. It leaves a get that waits behind when it has done enough, or vanishes in one. */
  async use(variable: string, requests: number): Promise<void> {
    let client = await this.#guest();
    for (let n = 0; n < requests; n++) {
      if (this.#random() < 0.5) {
        await this.#store(client, variable);
        continue;
      }
      const verb = GETS[Math.floor(this.#random() * GETS.length)] ?? VERB.fetch;
      const pending = client.begin([verb, this.#workspace, variable]);
      // A waiting get may need a store of this very client.
      const isAnswered = await Promise.race([pending.whenAnswered.then(() => true), sleep(20, false)]);
      if (isAnswered) continue;
      // A waiting request is left until the end, or until its client has disconnected.
      pending.whenAnswered.catch(() => undefined);
      if (this.#random() < 0.3) client.vanish();
      client = await this.#guest();
    }
  }

  /** Goes through a fifo by the numbers of its values, while others use it (V10). */
  async iterate(requests: number): Promise<void> {
    const client = await this.#guest();
    let cookie: readonly string[] = [];
    for (let n = 0; n < requests; n++) {
      const answer = await client.ask([VERB.ifindTry, this.#workspace, 'fifo', ...cookie]);
      if (answer.status === '0000') cookie = cookieOf(answer);
      else await sleep(1);
    }
  }

  /** Joins a barrier, waits there for the others a few times, and leaves (V12). */
  async meet(): Promise<void> {
    const client = await this.#guest();
    const at = [this.#workspace, '__barrier'];
    await client.ask([VERB.store, ...at, '1', '']);
    for (let n = 0; n < ROUNDS_AT_BARRIER; n++) {
      await sleep(this.#random() * 5);
      const { whenAnswered } = client.begin([VERB.find, ...at]);
      whenAnswered.catch(() => undefined);
      // Nothing may follow a request that waits (P5.2).
      if ((await Promise.race([whenAnswered, sleep(BARRIER_TIME_MS)])) === undefined) return;
    }
    await client.ask([VERB.fetch, ...at]);
  }

  /** Stores values for all waiting clients. A get that is not answered then has been forgotten. */
  async release(
    client: ProtocolClient,
    waiting: () => readonly Operation[],
    patience: number,
  ): Promise<void> {
    const variables = (): string[] => [
      ...new Set(waiting().flatMap(({ variable }) => (variable === undefined ? [] : [variable]))),
    ];
    for (let n = 0; n < MAX_RELEASES && variables().length > 0; n++)
      await Promise.all(
        variables()
          .filter((variable) => variable !== '__barrier')
          .map((variable) => this.#store(client, variable)),
      );
    if (variables().length > 0) await sleep(patience);
  }
}
