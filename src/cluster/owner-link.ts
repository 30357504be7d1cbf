import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AwakeTime } from '../transport/awake.ts';
import { Peer } from '../transport/peer.ts';
import { ByteQueue } from '../wire/byte-queue.ts';
import { DictionaryDecoder, encodeDictionary, MALFORMED } from '../wire/dictionary.ts';
import { ACCEPTED, GREETING, OFFER, OLD_ANSWER, OPTIONS } from '../wire/handshake.ts';
import type { Metadata } from '../wire/payload.ts';

/** How a link begins: an old greeting (P2.4), or the options of the new handshake (P2.1). */
export type Dialect = string | Metadata;

/** A stream to the owner. */
export interface OwnerStream {
  readonly stream: Duplex;
  /** What the owner must know first, and acknowledges with a line break; undefined in the process of the owner. */
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

type Stage = 'introduced' | 'greeted' | 'offered' | 'settling' | 'ready';

/** The connection to the owner of the data for one client. */
export class OwnerLink {
  readonly #name: string;
  readonly #dialect: Dialect;
  readonly #events: LinkEvents;
  readonly #time: AwakeTime;
  readonly #stream: Duplex;
  readonly #input = new ByteQueue();
  readonly #offer = new DictionaryDecoder(Number.POSITIVE_INFINITY);
  #stage: Stage;
  #peer: Peer | undefined;
  #isLost = false;

  /** @param name of the client */
  constructor(
    name: string,
    { stream, introduction }: OwnerStream,
    dialect: Dialect,
    { events, time }: { readonly events: LinkEvents; readonly time: AwakeTime },
  ) {
    this.#name = name;
    this.#dialect = dialect;
    this.#events = events;
    this.#time = time;
    this.#stream = stream;
    this.#stage = introduction === undefined ? 'greeted' : 'introduced';
    const begin = (): void => this.#begin(introduction);
    if (stream instanceof Socket && stream.connecting) {
      stream.pause();
      stream.once('connect', begin);
      stream.on('error', () => undefined);
      stream.once('close', () => this.#lost());
    } else begin();
  }

  /** Bytes that the owner has not taken. */
  get unread(): number {
    return this.#peer?.unread ?? 0;
  }

  #begin(introduction: string | undefined): void {
    const peer = new Peer(
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
    this.#peer = peer;
    if (introduction === undefined) this.#greet();
    else peer.send(introduction);
  }

  #greet(): void {
    const dialect = this.#dialect;
    this.#stage = 'greeted';
    this.#peer?.send(typeof dialect === 'string' ? dialect : GREETING + OPTIONS + encodeDictionary(dialect));
  }

  #received(bytes: Buffer): void {
    if (this.#isLost) return;
    if (this.#stage === 'ready') return this.#events.received(bytes);
    this.#input.push(bytes);
    this.#shakeHands();
    this.#input.keep();
  }

  #shakeHands(): void {
    if (this.#stage === 'introduced') {
      if (this.#input.text(1) === undefined) return;
      this.#greet();
    }
    const isOld = typeof this.#dialect === 'string';
    if (this.#stage === 'greeted' && !isOld) {
      const four = this.#input.text(4);
      if (four === undefined) return;
      if (four !== OFFER) return this.drop();
      this.#stage = 'offered';
    }
    if (this.#stage === 'offered') {
      const offer = this.#offer.next(this.#input);
      if (offer === undefined) return;
      if (offer === MALFORMED) return this.drop();
      this.#stage = 'settling';
    }
    const four = this.#input.text(4);
    if (four === undefined) return;
    if (four !== (isOld ? OLD_ANSWER : ACCEPTED)) return this.drop();
    this.#stage = 'ready';
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
