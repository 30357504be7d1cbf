import { isDeepStrictEqual } from 'node:util';
import type { Reply as Got } from '../../../src/verify/client-codec.ts';
import type { ProtocolClient } from '../../../src/verify/protocol-client.ts';
import type { Entries } from '../model/replies.ts';
import type { Request } from '../model/workspaces.ts';
import { JOBS } from './steps.ts';

/** Seconds for which a session lasts without a connection: longer than any test. */
const GRACE = '3000';
/** Requests that only read are carried out again when they are repeated (P15.1). */
const READS = /^(i?find(Try)?|list wss|list vars)$/;
/** A report or a constant that somebody fetches changes nothing, so whether its reply is kept makes no difference. */
const CHANGING_FETCH = /^(task|result|x|y)$/;

let secrets = 0;

/** The last request of a session, and the reply to it. */
interface Last {
  readonly request: Request;
  readonly bytes: string;
  got: Got | undefined;
}

/** What becomes of a repeated request: the same reply, another one, or it depends on what no client can know. */
export type Repetition = 'same reply' | 'again' | 'unknown';

/** A session of one client (P15): its secret, and the numbers of its requests. */
export class OracleSession {
  readonly #secret = `of nobody else ${++secrets}`;
  #number = 0;
  #answered = 0;
  #last: Last | undefined;

  /** The session begins on this connection. */
  async open(tcp: ProtocolClient): Promise<void> {
    await expectOk(tcp, 'open session', this.#secret, GRACE);
  }
  /** P15.2. */
  async resume(tcp: ProtocolClient): Promise<void> {
    await expectOk(tcp, 'resume session', this.#secret);
  }
  /** P15.4. */
  async end(tcp: ProtocolClient): Promise<void> {
    await expectOk(tcp, 'end session');
  }

  /** The metadata of the next request, which acknowledges the one before (P15.1). */
  next(): Entries {
    this.#number++;
    return { request: String(this.#number), answered: String(this.#answered) };
  }
  /** It was sent. */
  sent(request: Request, bytes: string): void {
    this.#last = { request, bytes, got: undefined };
  }
  /** The reply has come. */
  received(got: Got): void {
    this.#answered = this.#number;
    if (this.#last !== undefined) this.#last.got = got;
  }

  /** The request that may be repeated, which nothing has acknowledged. */
  get last(): Last | undefined {
    return this.#last;
  }

  /** @param hasCrashed whether the server has crashed since: it knows refusals no more */
  repetition(hasCrashed: boolean, isBarrier: boolean): Repetition {
    const { request, got } = this.#last ?? {};
    if (request === undefined || got === undefined) return 'again';
    const isRefused = got.status !== '0000';
    if (isRefused) return hasCrashed ? 'again' : 'same reply';
    const [workspace = '', variable = ''] = request.args;
    // In a job, some variables change when they are read.
    if (READS.test(request.verb))
      return JOBS.includes(workspace) && request.verb.includes('find') ? 'unknown' : 'again';
    const isFetch = request.verb.includes('fetch');
    if (isFetch && !CHANGING_FETCH.test(variable)) return 'unknown';
    // Members of barriers are not kept by the store (D1).
    const isForgotten =
      hasCrashed && (isBarrier || (request.verb.startsWith('store') && !CHANGING_FETCH.test(variable)));
    return isForgotten ? 'unknown' : 'same reply';
  }
}

async function expectOk(tcp: ProtocolClient, ...request: [verb: string, ...args: string[]]): Promise<void> {
  const { status, reason } = await tcp.ask(request);
  if (status !== '0000') throw new Error(`${request[0]}: ${reason}`);
}

/** @returns what is wrong with the reply to a repeated request whose reply the session has kept */
export const unlike = (first: Got | undefined, second: Got): string | undefined =>
  isDeepStrictEqual(first, second)
    ? undefined
    : `a repeated request is answered with ${JSON.stringify(second)}, and was with ${JSON.stringify(first)}`;
