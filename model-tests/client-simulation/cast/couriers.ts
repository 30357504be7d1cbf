import { reasonOf } from '../../../src/wire/error-kind.ts';
import { NwsError } from '../../../src/client/connection/errors.ts';
import type { NwsConnection } from '../../../src/client/connection/connection.ts';
import type { SimulatedHost } from '../host/host.ts';
import type { SimulatedProcess } from '../host/process.ts';
import { FAULTS_END } from './plan.ts';

const WORKSPACE = 'couriers';
const VARIABLE = 'letters';
/** The last letter. */
const END = 'end';
/** Seconds: longer than all that may go wrong. */
const GRACE = 600;
/** Letters that are sent at once, at most, and milliseconds between two times. */
const AT_ONCE = 4;
const PAUSE_MS = 3_000;
/** More characters than the server keeps in memory. */
const MUCH = 8_000;

/**
 * A program with two sessions (P15): one stores letters, the other fetches them. Its connections are cut and its server
 * crashes, and each letter that was accepted arrives once and in order.
 */
export class Couriers {
  readonly #host: SimulatedHost;
  readonly #process: SimulatedProcess;
  /** Letters that were accepted, in order. */
  readonly #accepted: string[] = [];
  readonly #received: string[] = [];
  #count = 0;

  constructor(host: SimulatedHost) {
    this.#host = host;
    this.#process = host.start('couriers');
  }

  begin(): void {
    this.#process.hear(() => void this.#run());
    if (this.#host.world.faults.may('connection cut')) this.#cutNowAndThen();
  }

  #cutNowAndThen(): void {
    const { agenda, random, faults } = this.#host.world;
    agenda.after(random.fraction() * 10_000, () => {
      if (faults.over || this.#process.isDead) return;
      const [link] = [...this.#process.sockets].flatMap((socket) => socket.link ?? []);
      if (link !== undefined) faults.note('connection cut');
      link?.cut();
      this.#cutNowAndThen();
    });
  }

  #pause(): Promise<void> {
    const milliseconds = this.#host.world.random.fraction() * PAUSE_MS;
    return new Promise((resolve) => void this.#process.after(milliseconds, resolve));
  }

  async #run(): Promise<void> {
    const { world } = this.#host;
    try {
      const sender = await this.#connect();
      const receiver = await this.#connect();
      await sender.openWorkspace(WORKSPACE);
      await receiver.useWorkspace(WORKSPACE, { create: false });
      await Promise.all([this.#send(sender), this.#receive(receiver)]);
      if (JSON.stringify(this.#received) !== JSON.stringify(this.#accepted))
        world.wrongs.push(
          `the couriers stored ${shown(this.#accepted)} and fetched ${shown(this.#received)}`,
        );
      receiver.close();
      sender.close();
    } catch (error) {
      world.wrongs.push(`the couriers have failed: ${reasonOf(error)}`);
    }
    this.#process.act(() => this.#host.end(this.#process, 'exit status 0'));
  }

  /** The first connection has no session yet that could come back. */
  async #connect(): Promise<NwsConnection> {
    for (;;)
      try {
        return await this.#host.platformOf(this.#process).connect({ reconnectGrace: GRACE });
      } catch {
        await this.#pause();
      }
  }

  async #send(connection: NwsConnection): Promise<void> {
    const { world } = this.#host;
    while (world.elapsed < FAULTS_END) {
      const letters = Array.from({ length: world.random.whole(1, AT_ONCE) }, () => this.#letter());
      await Promise.all(letters.map((letter) => this.#store(connection, letter)));
      await this.#pause();
    }
    await this.#store(connection, END);
  }

  #letter(): string {
    const letter = `letter ${++this.#count}`;
    return this.#host.world.random.chance(0.2) ? letter.padEnd(MUCH, '.') : letter;
  }

  async #store(connection: NwsConnection, letter: string): Promise<void> {
    try {
      await connection.store(WORKSPACE, VARIABLE, letter);
      this.#accepted.push(letter);
    } catch (error) {
      // A large one may be refused when the disk has failed.
      if (!(error instanceof NwsError) || letter.length < MUCH) throw error;
    }
  }

  async #receive(connection: NwsConnection): Promise<void> {
    for (;;) {
      const { value } = await connection.fetch(WORKSPACE, VARIABLE);
      this.#received.push(String(value));
      if (value === END) return;
      if (this.#host.world.random.chance(0.2)) await this.#pause();
    }
  }
}

const shown = (letters: readonly string[]): string =>
  letters.map((letter) => letter.replace('letter ', '').replaceAll('.', '')).join(' ');
