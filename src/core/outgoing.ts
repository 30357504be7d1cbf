import { BOUNDS } from '../wire/bounds.ts';
import { KEY } from '../wire/names.ts';
import { isFile, isPieces, NO_METADATA, type Metadata, type Pieces } from '../wire/payload.ts';
import { encodeReply, NO_VALUE, type ReplyFormat, type ReplyValue, type Status } from '../wire/reply.ts';
import type { Refusal } from '../workspace/refusal.ts';
import type { CommandSink } from './command-sink.ts';

/** The replies to one connection, as commands. */
export class Outgoing {
  format: ReplyFormat = { metadata: false, cookie: true };
  readonly #sink: CommandSink;
  readonly #connection: number;
  /** Bytes of replies since the client last had taken all of them. */
  #replied = 0;
  /** The rest of a value that is created piece by piece. */
  #pieces: Pieces | undefined;

  constructor(sink: CommandSink, connection: number) {
    this.#sink = sink;
    this.#connection = connection;
  }

  /** Whether the client must take replies before more are sent (P11). */
  get isFull(): boolean {
    return this.#replied > BOUNDS.pendingReplyBytes.value;
  }

  /** Called when the client has taken everything, or sends something new. */
  begin(): void {
    this.#replied = 0;
  }

  /** Sends a reply. A value that is created piece by piece is sent by `goOn`. */
  reply(status: Status, metadata: Metadata, value: ReplyValue | undefined): void {
    this.send(encodeReply(this.format, status, metadata, value));
    if (value === undefined || typeof value.payload === 'string') return;
    const { payload } = value;
    if (isPieces(payload)) this.#pieces = payload;
    else if (isFile(payload)) {
      this.#count(payload.size);
      this.#sink.command({ type: 'sendFile', connection: this.#connection, file: payload });
    } else this.send(payload);
  }

  refuse({ status, reason, limit }: Refusal, isLong: boolean): void {
    const metadata = this.format.metadata ? new Map([[KEY.reason, reason]]) : NO_METADATA;
    this.reply(status, metadata, isLong ? NO_VALUE : undefined);
    if (limit !== undefined) this.#sink.figures.countRefusal(limit);
  }

  /**
   * Sends more of a value that is created piece by piece, until the client must take some of it.
   * @returns whether all of it is sent
   */
  goOn(): boolean {
    while (this.#pieces !== undefined && !this.isFull) {
      const piece = this.#pieces.next();
      if (piece === undefined) this.drop();
      else this.send(piece);
    }
    return this.#pieces === undefined;
  }

  /** Discards the rest of that value. */
  drop(): void {
    this.#pieces?.drop();
    this.#pieces = undefined;
  }

  send(bytes: string | Uint8Array): void {
    this.#count(bytes.length);
    this.#sink.command({ type: 'send', connection: this.#connection, bytes });
  }

  #count(bytes: number): void {
    this.#replied += bytes;
    this.#sink.figures.bytesOut += bytes;
  }
}
