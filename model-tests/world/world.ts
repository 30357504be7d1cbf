import type { Core } from '../../src/core/core.ts';
import { staleIn } from '../../test/support/leftovers.ts';
import { miscounted } from '../../test/support/memory-held.ts';
import { Agenda } from './agenda.ts';
import { Faults, type Without } from './faults.ts';
import type { ClientEnd, ClientLink } from './link.ts';
import { Random } from './random.ts';
import { wrongAfterCrash } from './recovery-law.ts';
import { SimulatedStore } from './simulated-store.ts';
import { socketError } from './socket-error.ts';

export const START = Date.UTC(2026, 10, 22, 13, 41, 10);

/** The number of events between two audits, which take longer than an event. */
const AUDITED_EVENTS = 25;

export interface WorldOptions {
  /** Whether the server has a store, and may crash. */
  readonly isStored?: boolean;
  /** What is left out of the seed. */
  readonly without?: Without | undefined;
}

/** A server, and around it time, a network and files that obey a seed. */
export abstract class World {
  readonly random: Random;
  readonly agenda = new Agenda(START);
  readonly faults: Faults;
  /** Violations. */
  readonly wrongs: string[] = [];
  /** What outlives the server. */
  readonly store: SimulatedStore | undefined;
  /** That of the server, or of the one that has crashed last. */
  abstract readonly core: Core;
  /** The server's process. */
  abstract readonly process: { sleep(milliseconds: number): void };
  /** What is left in the end, when everyone has gone and every workspace is deleted: all are 0. */
  abstract readonly leftovers: Readonly<Record<string, number>>;
  /** Events that the server has been told of. */
  events = 0;

  #runs = 0;
  #isDown = false;

  constructor(seed: number, { isStored = false, without }: WorldOptions = {}) {
    this.faults = new Faults(without);
    this.random = new Random(seed);
    this.store = isStored ? new SimulatedStore(this) : undefined;
  }

  /** The name of the next run of the server. */
  protected newRun(): string {
    return `run${++this.#runs}`.padEnd(8, '-');
  }

  /** The start time: milliseconds since 1970. */
  get start(): number {
    return START;
  }

  /** Milliseconds since the start. */
  get elapsed(): number {
    return this.agenda.now - START;
  }

  /**
   * Called after each event: nothing may wait that could go on. Now and then, what is counted must be held, nothing may
   * refer to clients that have gone, and no client has input unread or a reply unsent.
   */
  protected audit(): void {
    if (this.wrongs.length > 0) return;
    const isThorough = this.events % AUDITED_EVENTS === 0;
    if (isThorough) this.wrongs.push(...miscounted(this.core), ...staleIn(this.core));
    this.wrongs.push(...this.findLostWakeUps(isThorough));
  }

  /**
   * @param prods whether each connection may be prodded
   * @returns what waits and will not be woken
   */
  protected findLostWakeUps(_prods: boolean): string[] {
    return [];
  }

  /** @throws if no server listens */
  abstract connect(client: ClientEnd): ClientLink;

  /** Whether a server accepts clients. */
  abstract readonly isListening: boolean;

  /** @throws if no server listens */
  protected mustListen(): void {
    if (!this.isListening) throw socketError('ECONNREFUSED');
  }

  /**
   * The server ends at once, and another one takes up its store (D4).
   * @param milliseconds until that one is started
   */
  crash(milliseconds: number): void {
    if (this.#isDown || this.store === undefined || !this.faults.has('server crashes')) return;
    this.#isDown = true;
    this.faults.note('server crashes');
    this.endServer();
    if (this.wrongs.length === 0)
      this.wrongs.push(...wrongAfterCrash(this.core, this.store.committed, this.agenda.now));
    this.store.serverDies();
    this.agenda.after(milliseconds, () => {
      this.#isDown = false;
      this.startServer();
    });
  }

  /** Its process is there no more. */
  protected abstract endServer(): void;
  protected abstract startServer(): void;

  /** Of all events, in their order. Ends the world: it is asked for once. */
  abstract traceHash(): string;
}
