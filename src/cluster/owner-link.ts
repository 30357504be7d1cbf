import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AwakeTime } from '../transport/awake.ts';
import { Peer } from '../transport/peer.ts';
import { ByteQueue } from '../wire/byte-queue.ts';
import { DictionaryDecoder, encodeDictionary, MALFORMED } from '../wire/dictionary.ts';
import { opened } from './link-tls.ts';
import { ACCEPTED, GREETING, OFFER, OPTIONS } from '../wire/handshake.ts';
import { OPTION } from '../wire/names.ts';

/** Metadata in both directions (P2.1, P3). */
const HELLO =
  GREETING +
  OPTIONS +
  encodeDictionary(
    new Map([
      [OPTION.metadataToServer, '1'],
      [OPTION.metadataFromServer, '1'],
    ]),
  );

/** A stream to the owner of a partition. */
export interface OwnerStream {
  readonly stream: Duplex;
  /** What another server must know first, and acknowledges with a line break; undefined in the process of the owner. */
  readonly introduction: string | undefined;
}

export interface LinkEvents {
  /** The owner takes requests. */
  ready(): void;
  /** @param bytes valid only during this call */
  received(bytes: Buffer): void;
  /** The number of bytes that the owner has not taken may have changed. */
  counted(): void;
  /** The link has ended; called once. */
  lost(): void;
}

/** Reads one part of what the owner says before it takes requests. @returns undefined while bytes are missing */
type Part = (input: ByteQueue) => boolean | undefined;

const isText =
  (expected: string): Part =>
  (input) => {
    const text = input.text(expected.length);
    return text === undefined ? undefined : text === expected;
  };

const ACKNOWLEDGED = isText('\n');

function isOffer(): Part {
  const offer = new DictionaryDecoder(Number.POSITIVE_INFINITY);
  return (input) => {
    const read = offer.next(input);
    return read === undefined ? undefined : read !== MALFORMED;
  };
}

/** The connection to the owner of a partition for one client. */
export class OwnerLink {
  readonly #name: string;
  readonly #events: LinkEvents;
  readonly #time: AwakeTime;
  readonly #stream: Duplex;
  readonly #input = new ByteQueue();
  /** What the owner has not said yet before it takes requests. */
  readonly #expected: Part[];
  #peer: Peer | undefined;
  #isLost = false;

  /** @param name of the client */
  constructor(
    name: string,
    { stream, introduction }: OwnerStream,
    { events, time }: { readonly events: LinkEvents; readonly time: AwakeTime },
  ) {
    this.#name = name;
    this.#events = events;
    this.#time = time;
    this.#stream = stream;
    this.#expected = [isText(OFFER), isOffer(), isText(ACCEPTED)];
    if (introduction !== undefined) this.#expected.unshift(this.#introduced);
    const begin = (): void => this.#begin(introduction ?? HELLO);
    if (stream instanceof Socket && stream.connecting) {
      stream.pause();
      stream.once(opened(stream), begin);
      stream.on('error', () => undefined);
      stream.once('close', () => this.#lost());
    } else begin();
  }

  /** The other server must know for which partition this is before it hands it on. */
  readonly #introduced: Part = (input) => {
    const isTaken = ACKNOWLEDGED(input);
    if (isTaken === true) this.send(HELLO);
    return isTaken;
  };

  /** Bytes that the owner has not taken. */
  get unread(): number {
    return this.#peer?.unread ?? 0;
  }

  #begin(first: string): void {
    this.#peer = new Peer(
      0,
      this.#stream,
      this.#name,
      {
        received: (_, bytes) => this.#received(bytes),
        secured: () => undefined,
        counted: () => this.#events.counted(),
        gone: () => this.#lost(),
        closed: () => this.#lost(),
      },
      this.#time,
    );
    this.#peer.send(first);
  }

  #received(bytes: Buffer): void {
    if (this.#isLost) return;
    if (this.#expected.length === 0) return this.#events.received(bytes);
    this.#input.push(bytes);
    for (let part = this.#expected[0]; part !== undefined; part = this.#expected[0]) {
      const isRight = part(this.#input);
      if (isRight === undefined) return this.#input.keep();
      if (!isRight) return this.drop();
      this.#expected.shift();
    }
    this.#events.ready();
  }

  send(bytes: string | Uint8Array | AsyncGenerator<Uint8Array>): void {
    this.#peer?.send(bytes);
  }

  /** Stops or resumes reading from the owner. */
  holdReading(isHeld: boolean): void {
    this.#peer?.[isHeld ? 'hold' : 'resume']('work');
  }

  #lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#stream.destroy();
    this.#peer?.destroy();
    this.#events.lost();
  }

  /** Ends it when everything is sent. It is not reported as lost. */
  end(): void {
    this.#isLost = true;
    if (this.#peer === undefined) this.#stream.destroy();
    else this.#peer.close();
  }

  /** Ends it at once, and reports it as lost. */
  drop(): void {
    this.#lost();
  }

  /** Ends it at once. It is not reported as lost. */
  destroy(): void {
    this.#isLost = true;
    this.#stream.destroy();
    this.#peer?.destroy();
  }
}
