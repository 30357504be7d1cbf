import type { Request } from '../wire/request.ts';
import type { Verb } from './verbs.ts';

export interface LastRequest {
  readonly verb: string;
  readonly workspace: string | undefined;
  readonly variable: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** It is not answered yet. */
  readonly waits: boolean;
}

/** Characters of a name that are noted: each connection holds two of them. */
const MOST_NOTED = 255;

/** A long one is copied, since a part of a string keeps all of it. */
const short = (name: string | undefined): string | undefined =>
  name === undefined || name.length <= MOST_NOTED
    ? name
    : Buffer.from(name.slice(0, MOST_NOTED), 'latin1').toString('latin1');

/** What a connection asked last; not the value that came with it. Noted in place, at each request. */
export class RequestNotes {
  /** Requests that were read, those that were refused included. */
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
