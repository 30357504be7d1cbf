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
    this.#workspace = (verb?.names ?? 0) > 0 ? args[0] : undefined;
    this.#variable = verb?.names === 2 ? args[1] : undefined;
    this.at = now;
  }

  /** @returns undefined before the first request */
  last(waits: boolean): LastRequest | undefined {
    if (this.count === 0) return undefined;
    return { verb: this.#verb, workspace: this.#workspace, variable: this.#variable, at: this.at, waits };
  }
}
