import { NO_METADATA, type Metadata, type Pieces } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR, type ReplyValue } from '../wire/reply.ts';
import type { Account } from './memory-budget.ts';
import type { Refusal } from './refusal.ts';
import type { Steps } from './steps.ts';
import type { Value } from './value.ts';

/** What a get finds: a value, and where it came from (V10). */
export interface Found extends ReplyValue {
  readonly metadata: Metadata;
}

export const foundValue = (value: Value, variableId = '', index = 0): Found => ({
  descriptor: value.descriptor,
  variableId,
  index,
  payload: value.payload,
  metadata: value.metadata,
});

/** Text that the server makes itself (P10). */
export const foundText = (text: string, variableId = '', metadata = NO_METADATA): Found => ({
  descriptor: TEXT_DESCRIPTOR,
  variableId,
  index: 0,
  payload: text,
  metadata,
});

/** Text that the server makes piece by piece. */
export const foundPieces = (payload: Pieces, variableId = ''): Found => ({
  descriptor: TEXT_DESCRIPTOR,
  variableId,
  index: 0,
  payload,
  metadata: NO_METADATA,
});

/** One connection, as workspaces see it. */
export interface Client {
  readonly id: number;
  /** HOST:PORT. */
  readonly peer: string;
  /** What the server holds for it (P12). */
  readonly account?: Account | undefined;
  /** Told when the connection closes, in the order in which they were added. */
  readonly closeListeners: Set<{ clientLeft(client: Client): void }>;
  answer(ask: PendingGet, found: Found): void;
  refuse(ask: PendingGet, refusal: Refusal): void;
}

/** Where an iteration stands (V10): the value after number `index` of the variable `variableId`. */
export interface Iterator {
  readonly variableId: string;
  /** Without one it begins at the oldest. */
  readonly index: number | undefined;
}

/** A get that a client asks for. It is answered or refused once, at once or after waiting, or withdrawn. */
export class PendingGet {
  readonly client: Client;
  /** As the client named it. */
  readonly verb: string;
  /** fetch rather than find. */
  readonly takes: boolean;
  /** fetch and find; their Try forms do not wait. */
  readonly waits: boolean;
  #iterator: Iterator | undefined;
  #metadata: Metadata;
  #ended = false;
  #leave: (() => void) | undefined;
  /** It did not end at once, and its client was blocked. */
  blocked = false;
  /** How its answer is made, where that takes steps (P14). It has ended by that. */
  #making: Steps<Found | Refusal> | undefined;
  /** The id of the variable that is asked for, where that tells it. */
  variableId = '';
  /** Told what it is answered with, for whoever keeps count. */
  onAnswer: ((found: Found) => void) | undefined;

  constructor(
    client: Client,
    form: {
      verb: string;
      takes: boolean;
      waits: boolean;
      iterator?: Iterator | undefined;
      metadata: Metadata;
    },
  ) {
    this.client = client;
    this.verb = form.verb;
    this.takes = form.takes;
    this.waits = form.waits;
    this.#iterator = form.iterator;
    this.#metadata = form.metadata;
  }

  get iterator(): Iterator | undefined {
    return this.#iterator;
  }
  get metadata(): Metadata {
    return this.#metadata;
  }

  get ended(): boolean {
    return this.#ended;
  }
  /** The id that an answer by a job variable carries: none after waiting (sleigh.md, Variables). */
  get origin(): string {
    return this.blocked ? '' : this.variableId;
  }

  get making(): Steps<Found | Refusal> | undefined {
    return this.#making;
  }

  /** The answer, or a refusal, is made in steps; only for one that has not waited. */
  answerInSteps(making: Steps<Found | Refusal>): void {
    this.#ended = true;
    this.#making = making;
  }

  answer(found: Found): void {
    this.#ended = true;
    this.onAnswer?.(found);
    this.client.answer(this, found);
  }

  refuse(refusal: Refusal): void {
    this.#ended = true;
    this.client.refuse(this, refusal);
  }

  /**
   * It waits from now on; `leave` takes it out of where it waits. Without one it is its turn. What its client said has
   * been looked at by then, and is not held for as long as it waits (P12).
   */
  wait(leave: (() => void) | undefined): void {
    this.#leave = leave;
    this.#iterator = undefined;
    this.#metadata = NO_METADATA;
  }

  /** It waits no longer, and is refused. */
  interrupt(refusal: Refusal): void {
    if (this.#ended) return;
    this.#leave?.();
    this.refuse(refusal);
  }

  /** The client has gone: it is forgotten and takes nothing with it (V6). */
  withdraw(): void {
    if (!this.#ended) this.#leave?.();
    this.#ended = true;
  }
}
