import type { Core } from '../../src/core/core.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { staleIn } from '../../test/support/leftovers.ts';
import { miscounted } from '../../test/support/memory-held.ts';
import { Agenda } from './agenda.ts';
import { Faults } from './faults.ts';
import type { ClientEnd, ClientLink } from './link.ts';
import { Random } from './random.ts';

export const START = Date.UTC(2026, 10, 22, 13, 41, 10);

/** Limits that are small, so that large values, which are kept in files, and full rings (S20) come often. */
export const SMALL_LIMITS = { ...DEFAULT_LIMITS, longValueBytes: 6_000, logCount: 12, logBytes: 8_000 };

/** The number of events between two audits, which take longer than an event. */
const AUDITED_EVENTS = 25;

/** A server, and around it time, a network and files that obey a seed. */
export abstract class World {
  readonly random: Random;
  readonly agenda = new Agenda(START);
  readonly faults = new Faults();
  /** Violations. */
  readonly wrongs: string[] = [];
  abstract readonly core: Core;
  /** The server's process. */
  abstract readonly process: { sleep(milliseconds: number): void };
  /** What is left in the end, when everyone has gone and every workspace is deleted: all are 0. */
  abstract readonly leftovers: Readonly<Record<string, number>>;
  /** Events that the server has been told of. */
  events = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
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

  abstract connect(client: ClientEnd): ClientLink;

  /** Of all events, in their order. Ends the world: it is asked for once. */
  abstract traceHash(): string;
}
