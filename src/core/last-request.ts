import type { Request } from '../wire/request.ts';
import type { Verb } from './verbs.ts';

export interface LastRequest {
  readonly verb: string;
  readonly workspace: string | undefined;
  readonly variable: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether it still waits for its reply. */
  readonly waits: boolean;
}

/** The number of characters of a name that are kept. Each connection keeps two names. */
const MAX_NOTED = 255;

/** Copies a long name, because a substring keeps the whole string in memory. */
const short = (name: string | undefined): string | undefined =>
  name === undefined || name.length <= MAX_NOTED
    ? name
    : Buffer.from(name.slice(0, MAX_NOTED), 'latin1').toString('latin1');

/** The last request of a connection, without its value. It is updated in place at each request. */
export class RequestNotes {
  /** The number of requests that were read, including refused ones. */
  count = 0;
  at = 0;
  #verb = '';
  #workspace: string | undefined;
  #variable: string | undefined;

  note(name: string, verb: Verb | undefined, { args }: Request, now: number): void {
    this.count++;
    this.#verb = name;
    this.#workspace = (verb?.names ?? 0) > 0 ? short(args[0]) : undefined;
    this.#variable = verb?.names === 2 ? short(args[1]) : undefined;
    this.at = now;
  }

  /** @returns undefined before the first request */
  last(waits: boolean): LastRequest | undefined {
    if (this.count === 0) return undefined;
    return { verb: this.#verb, workspace: this.#workspace, variable: this.#variable, at: this.at, waits };
  }
}
