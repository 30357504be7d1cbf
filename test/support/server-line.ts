import { Duplex } from 'node:stream';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { ACCEPTED, encodeOffer, makeTerms, type TermsOptions } from '../../src/wire/handshake.ts';
import { encodeReply, STATUS, type ReplyValue, type Status } from '../../src/wire/reply.ts';
import type { Metadata } from '../../src/wire/payload.ts';

/** What becomes of a request: `pending`, its result, or why it failed. */
export function fateOf(promise: Promise<unknown>): { outcome: unknown } {
  const fate: { outcome: unknown } = { outcome: 'pending' };
  promise.then(
    (result) => (fate.outcome = result),
    (error: unknown) => (fate.outcome = error),
  );
  return fate;
}

/** What a server says in the handshake to a client that wants no TLS. */
export const welcome = (terms: Partial<TermsOptions> = {}): string =>
  encodeOffer(makeTerms({ tls: 'none', ...terms })) + ACCEPTED;

const FORMAT = { metadata: true, cookie: true };

/** A reply without a value. */
export const shortReply = (status: Status = STATUS.ok, metadata: Metadata = new Map()): string =>
  encodeReply(FORMAT, status, metadata, undefined);

/** A reply with a value: text, unless its descriptor says something else. */
export const longReply = (
  payload: string,
  {
    status = STATUS.ok,
    metadata = new Map(),
    ...value
  }: { status?: Status; metadata?: Metadata } & Partial<ReplyValue> = {},
): string =>
  encodeReply(FORMAT, status, metadata, {
    descriptor: 1,
    variableId: '01234567890123456789',
    index: 0,
    ...value,
    payload,
  });

/** The socket of a client, with a server in the hands of the test at its other end. */
export class ServerLine extends Duplex {
  /** What the client has written, in Latin-1. */
  readonly written: string[] = [];
  /** Whether the server reads. Otherwise what is written waits until `release`. */
  isRead = true;
  pauses = 0;
  /** Called when the client has written something. */
  onWritten: () => void = () => undefined;
  #release: () => void = () => undefined;

  constructor() {
    // One piece fills it, so that what waits for the server to read shows.
    super({ writableHighWaterMark: 1, decodeStrings: true });
  }

  override _read(): void {
    // The test pushes.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(bytes.toString('latin1'));
    if (this.isRead) done();
    else this.#release = done;
    this.onWritten();
  }

  override pause(): this {
    this.pauses++;
    return super.pause();
  }

  /** The server reads what was written last. */
  release(): void {
    const release = this.#release;
    this.#release = () => undefined;
    release();
  }

  /** The server sends this. */
  async say(text: string | Uint8Array): Promise<void> {
    this.push(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    await endOfTurn();
  }

  /** @returns what the client has written since the last time */
  taken(): string {
    return this.written.splice(0).join('');
  }
}
