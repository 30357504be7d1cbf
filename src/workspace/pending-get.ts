import { NO_METADATA, type Metadata, type Pieces } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR, type ReplyValue } from '../wire/reply.ts';
import type { TakenValue } from './leasing.ts';
import type { Account } from './memory-budget.ts';
import type { Refusal } from './refusal.ts';
import type { Steps } from './steps.ts';
import type { Value } from './value.ts';

/** The result of a get: a value and its origin (V10). */
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

/** A text that the server itself writes (P10). */
export const foundText = (text: string, variableId = '', metadata = NO_METADATA): Found => ({
  descriptor: TEXT_DESCRIPTOR,
  variableId,
  index: 0,
  payload: text,
  metadata,
});

/** A text that the server writes piece by piece. */
export const foundPieces = (payload: Pieces, variableId = ''): Found => ({
  descriptor: TEXT_DESCRIPTOR,
  variableId,
  index: 0,
  payload,
  metadata: NO_METADATA,
});

/** Something whose members are clients. */
export interface CloseListener {
  /** Whether it is there when the server has ended and is started again (D8). */
  readonly survivesServer?: boolean;
  /** A member has disconnected for good. */
  clientLeft(client: Client): void;
}

/** A connection, as seen by workspaces. */
export interface Client {
  readonly id: number;
  /** HOST:PORT. */
  readonly peer: string;
  /** The account of the memory held for it (P12). */
  readonly account?: Account | undefined;
  /** Whether it lasts when its connection does not (P15). */
  readonly isSession?: boolean;
  /** Called when the connection closes, or the session ends, in the order in which they were added. */
  readonly closeListeners: Set<CloseListener>;
  answer(get: PendingGet, found: Found): void;
  refuse(get: PendingGet, refusal: Refusal): void;
}

/** The position of an iteration (V10): the value after number `index` of the variable `variableId`. */
export interface Iterator {
  readonly variableId: string;
  /** Without an index the iteration begins at the oldest value. */
  readonly index: number | undefined;
}

/** An answer that is computed in steps (P14). */
export interface MakingOfAnswer {
  readonly steps: Steps<Found | Refusal>;
  /** Releases what the steps have made. Called if the client has disconnected before the answer is sent. */
  readonly drop: () => void;
}

/** A get of a client. It is answered once, refused once, or withdrawn; now or after a wait. */
export class PendingGet {
  readonly client: Client;
  /** As the client named it. */
  readonly verb: string;
  /** Whether it is a fetch and not a find. */
  readonly takes: boolean;
  /** Whether it waits; the Try forms do not. */
  readonly waits: boolean;
  /** Begins the lease of a value that is taken for a time, and returns the metadata of the reply (V13). */
  readonly lease: ((taken: TakenValue) => Metadata) | undefined;
  #iterator: Iterator | undefined;
  #metadata: Metadata;
  /** Whether its reply is kept for a client that repeats the request: it may have changed something (P15.1). */
  isKept: boolean;
  #ended = false;
  #leave: (() => void) | undefined;
  /** Whether it did not end at once, so that its client was blocked. */
  blocked = false;
  /** How its answer is computed, if that takes several steps (P14). The get itself has ended then. */
  #making: MakingOfAnswer | undefined;
  /** The id of its variable, if the reply contains it. */
  variableId = '';
  /** Called with the answer, for statistics. */
  onAnswer: ((found: Found) => void) | undefined;

  constructor(
    client: Client,
    form: {
      verb: string;
      takes: boolean;
      waits: boolean;
      iterator?: Iterator | undefined;
      metadata: Metadata;
      lease?: ((taken: TakenValue) => Metadata) | undefined;
    },
  ) {
    this.client = client;
    this.verb = form.verb;
    this.takes = form.takes;
    this.isKept = form.takes;
    this.waits = form.waits;
    this.lease = form.lease;
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
  /** The id in the answer of a job variable: empty after a wait (see "The variables of a job" in docs/protocol.md). */
  get origin(): string {
    return this.blocked ? '' : this.variableId;
  }

  get making(): MakingOfAnswer | undefined {
    return this.#making;
  }

  /** Computes the answer or a refusal in steps. Only for a get that has not waited. */
  answerInSteps(making: MakingOfAnswer): void {
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
   * Lets it wait. `leave` removes it from its line; without `leave` its turn has come. Its arguments have been read
   * by then and are not kept while it waits (P12).
   */
  wait(leave: (() => void) | undefined): void {
    this.#leave = leave;
    this.#iterator = undefined;
    this.#metadata = NO_METADATA;
  }

  /** Ends its wait with a refusal. */
  interrupt(refusal: Refusal): void {
    if (this.#ended) return;
    this.#leave?.();
    this.refuse(refusal);
  }

  /** Removes it, because the client has disconnected. It consumes no value (V6). */
  withdraw(): void {
    if (!this.#ended) this.#leave?.();
    this.#ended = true;
  }
}
