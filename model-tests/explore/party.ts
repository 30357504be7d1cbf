import { PendingGet, type Client, type Found } from '../../src/workspace/pending-get.ts';
import { NO_METADATA, type Metadata } from '../../src/wire/payload.ts';
import { isRefusal, type Refusal } from '../../src/workspace/refusal.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';

export type Role = 'master' | 'sentinel' | 'worker';
export type Verb = 'fetch' | 'find' | 'fetchTry' | 'findTry';

/** A get of a party that is not answered yet. */
export interface Request {
  readonly pendingGet: PendingGet;
  readonly variable: string;
  readonly batch: string | undefined;
}

export type Reply = { readonly found: Found } | { readonly refused: Refusal };

/** Observes the replies to the parties. */
export interface Listener {
  /** A get was answered, at once or after it had waited. */
  answered(party: Party, request: Request, found: Found): void;
  refused(party: Party, request: Request, reason: Refusal): void;
  /** A get was not answered at once: the party is blocked. */
  blocked(party: Party, request: Request): void;
  /** A reply arrived without a request. */
  astray(party: Party, get: PendingGet): void;
}

/** One connection of a client that follows the protocol: while it is blocked it can only disconnect. */
export class Party implements Client {
  readonly id: number;
  readonly peer: string;
  readonly name: string;
  readonly role: Role;
  readonly closeListeners: Client['closeListeners'] = new Set();
  /** Whether it lasts when its connection does not (P15). */
  readonly isSession: boolean;
  readonly #listener: Listener;
  /** That of the server to which it is connected. */
  workspace: Workspace;
  request: Request | undefined;
  isBlocked = false;
  /** The reply to its last request; undefined for a store that was accepted. */
  reply: Reply | undefined;
  /** The rank under which it has registered, according to the replies to it. */
  rank: number | undefined;
  /** Its current task, according to the replies to it. */
  holds: string | undefined;
  /** The number of its last task (S18). */
  number = 0;
  /** The worker that it was before its connection closed, as which it may come back (S18). */
  was: { readonly rank: number; readonly holds: string | undefined; readonly number: number } | undefined;
  /** The metadata of the reply to its last store. */
  told: Metadata = NO_METADATA;

  constructor(
    { id, name, role, isSession }: Pick<Party, 'id' | 'name' | 'role' | 'isSession'>,
    workspace: Workspace,
    listener: Listener,
  ) {
    this.id = id;
    this.peer = `10.0.0.${id}:4000`;
    this.name = name;
    this.role = role;
    this.isSession = isSession;
    this.workspace = workspace;
    this.#listener = listener;
  }

  get(verb: Verb, variable: string, metadata: Metadata = NO_METADATA): void {
    const form = { verb, takes: verb.startsWith('fetch'), waits: !verb.endsWith('Try'), metadata };
    const get = new PendingGet(this, form);
    const request = { pendingGet: get, variable, batch: metadata.get('batchId') };
    this.reply = undefined;
    this.request = request;
    this.workspace.get(variable, get);
    if (get.ended) return;
    get.blocked = true;
    this.isBlocked = true;
    this.#listener.blocked(this, request);
  }

  /** @returns whether it was accepted */
  store(variable: string, payload: string, metadata: Metadata = NO_METADATA): boolean {
    const value = Object.freeze({ descriptor: 1, payload, metadata });
    const outcome = this.workspace.store(variable, value, this);
    const refused = isRefusal(outcome) ? outcome : undefined;
    this.told = isRefusal(outcome) ? NO_METADATA : (outcome?.metadata ?? NO_METADATA);
    this.reply = refused === undefined ? undefined : { refused };
    return refused === undefined;
  }

  /** Its connection has closed: its blocked request is withdrawn (V6). */
  withdraw(): void {
    this.request?.pendingGet.withdraw();
    this.#unblock();
  }

  /** Its server has crashed: nobody knows its request, nor who listens for its end. */
  forget(): void {
    this.#unblock();
    this.closeListeners.clear();
  }

  #unblock(): void {
    this.isBlocked = false;
    this.request = undefined;
  }

  vanish(): void {
    this.withdraw();
    for (const place of this.closeListeners) place.clientLeft(this);
  }

  answer(get: PendingGet, found: Found): void {
    const request = this.#end(get);
    if (request === undefined) return;
    this.reply = { found };
    this.#listener.answered(this, request, found);
  }

  refuse(get: PendingGet, refused: Refusal): void {
    const request = this.#end(get);
    if (request === undefined) return;
    this.reply = { refused };
    this.#listener.refused(this, request, refused);
  }

  #end(get: PendingGet): Request | undefined {
    const { request } = this;
    if (request?.pendingGet !== get) {
      this.#listener.astray(this, get);
      return undefined;
    }
    this.request = undefined;
    this.isBlocked = false;
    return request;
  }
}
