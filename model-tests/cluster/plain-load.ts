import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory } from '../../src/verify/history/check.ts';
import { RecordingProxy } from '../../src/verify/history/recording-proxy.ts';
import { ProtocolClient, type Address } from '../../src/verify/protocol-client.ts';
import {
  MODES,
  createWorkspace,
  takeOut,
  useForever,
  useVariable,
  type Mode,
} from '../world/plain-clients.ts';
import { Random } from '../world/random.ts';
import { Deposits } from './deposits.ts';
import { patiently } from './patiently.ts';

/** Clients of each variable. */
const CLIENTS = 2;

/** Milliseconds within which what is left must have been taken out. */
const TAKE_OUT_TIMEOUT_MS = 60_000;

/** Milliseconds by which the clock of the store may differ from that of this process, which has the same hardware. */
const CLOCKS_MS = 50;

/** Clients of a variable of each mode, whose history is recorded, and deposits that nobody may lose. */
export class PlainLoad {
  readonly #proxy: RecordingProxy;
  readonly #workspace: string;
  readonly #deposits: Deposits;
  readonly #clients: readonly Promise<void>[];
  #answered = 0;
  #killedAt: number | undefined;
  readonly #gaps: number[] = [];
  #isOver = false;

  private constructor(proxy: RecordingProxy, workspace: string, random: Random, servers: () => Address) {
    this.#proxy = proxy;
    this.#workspace = workspace;
    this.#deposits = new Deposits(servers, workspace);
    this.#clients = MODES.flatMap((mode) =>
      Array.from({ length: CLIENTS }, () => this.#use(mode, new Random(random.whole(0, 2 ** 30)))),
    );
  }

  /** @param servers the address of any server, at each connection */
  static async start(servers: () => Address, workspace: string, random: Random): Promise<PlainLoad> {
    await patiently(TAKE_OUT_TIMEOUT_MS, async () => {
      const client = await ProtocolClient.ready(servers());
      await createWorkspace(client, workspace);
      await Deposits.create(client, workspace);
      client.vanish();
    });
    return new PlainLoad(await RecordingProxy.before(servers), workspace, random, servers);
  }

  /** The number of replies so far. */
  get answered(): number {
    return this.#answered;
  }

  /** Milliseconds from each kill of an owner to the first reply to a later request. */
  get gaps(): readonly number[] {
    return this.#gaps;
  }

  /** Whether a request that came after the last kill has been answered. */
  get hasRecovered(): boolean {
    return this.#killedAt === undefined;
  }

  /** The owner is killed now. */
  killed(): void {
    this.#killedAt = performance.now();
  }

  /** Uses one variable until the faults are over, and connects again whenever it must. */
  async #use(mode: Mode, random: Random): Promise<void> {
    while (!this.#isOver) {
      let client: ProtocolClient | undefined;
      try {
        client = await ProtocolClient.ready(this.#proxy.address);
        await useVariable(client, this.#workspace, mode);
        let askedAt = performance.now();
        const answered = async (): Promise<void> => {
          this.#answered++;
          this.#noteGap(askedAt);
          if (this.#isOver) client?.vanish();
          // The checks of histories take longer than the history.
          await sleep(random.whole(0, 20));
          askedAt = performance.now();
        };
        await useForever(client, this.#workspace, mode, { random, answered });
      } catch {
        await sleep(10);
      }
      client?.vanish();
    }
  }

  #noteGap(askedAt: number): void {
    if (this.#killedAt === undefined || askedAt < this.#killedAt) return;
    this.#gaps.push(performance.now() - this.#killedAt);
    this.#killedAt = undefined;
  }

  /**
   * Ends the clients, and takes out what is left, so that values that were lost are missed.
   * @param takeovers when servers have taken over, in milliseconds since 1970
   * @returns what no one server could have replied, and what was lost
   */
  async end(takeovers: () => Promise<readonly number[]>): Promise<readonly string[]> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    await patiently(TAKE_OUT_TIMEOUT_MS, () => this.#takeOut());
    const wrongs = await this.#deposits.end();
    const { recording } = this.#proxy;
    for (const at of await takeovers()) recording.takenOver(at - CLOCKS_MS, at + CLOCKS_MS);
    const { violations, undecided } = checkHistory(recording.operations(true));
    this.#proxy.close();
    return [...wrongs, ...undecided, ...violations.map((violation) => JSON.stringify(violation))];
  }

  async #takeOut(): Promise<void> {
    const client = await ProtocolClient.ready(this.#proxy.address);
    try {
      await client.ask(['use ws', this.#workspace, 'chaos', 'no']);
      await takeOut(client, this.#workspace);
    } finally {
      client.vanish();
    }
  }
}
