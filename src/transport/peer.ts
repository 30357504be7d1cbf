import { BOUNDS } from '../wire/bounds.ts';
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { authorityOf } from '../wire/authority.ts';
import { adopt } from './adopt.ts';
import type { AwakeTime, AwakeTimeout } from './awake.ts';
import type { TlsStarter } from './tls.ts';
import { fault } from '../wire/error-kind.ts';

/** Receives the events of all sockets. */
export interface PeerEvents {
  received(peer: Peer, bytes: Buffer): void;
  secured(peer: Peer): void;
  /** The number of its unread bytes may have changed. */
  counted(peer: Peer): void;
  /** No more bytes will arrive; called once. Replies may still be on their way to the client. */
  gone(peer: Peer): void;
  /** Its socket is closed. */
  closed(peer: Peer): void;
}

/**
 * Why a client is not read from: it does not take its replies, or must take them first; its large value arrives
 * faster than it can be written, or is not completely written yet; others have their turn; work that its replies depend
 * on is half done.
 */
type Holding = 'drain' | 'flush' | 'file' | 'finish' | 'turn' | 'work';

type Output = string | Uint8Array | AsyncGenerator<Uint8Array>;

const sizeOf = (output: Output): number =>
  typeof output === 'string' || output instanceof Uint8Array ? output.length : 0;

/**
 * The socket of one client, or a stream in this process. Output keeps its order, and a client that does not read is
 * not read from (P11).
 */
export class Peer {
  /** The number of its connection. */
  readonly id: number;
  readonly name: string;
  #socket: Duplex;
  readonly #events: PeerEvents;
  readonly #time: AwakeTime;
  /** Output that waits behind a file that is being sent. */
  readonly #queue: Output[] = [];
  /** Bytes in the queue; a file counts as it is read. */
  #queuedBytes = 0;
  /** Bytes that were passed to the socket. */
  #written = 0;
  #sending = false;
  /** Texts that are sent together; undefined if not corked. */
  #corked: string | undefined;
  #closing = false;
  #isGone = false;
  readonly #heldFor = { drain: false, flush: false, file: false, finish: false, turn: false, work: false };
  #onFlushed: (() => void) | undefined;
  #watch: AwakeTimeout | undefined;
  /** Input that was read while the client had to take its replies first, and what came after it. */
  readonly #early: Buffer[] = [];
  #earlyBytes = 0;
  /** The client has closed its sending side. */
  #hasEnded = false;
  readonly #received = (bytes: Buffer): void => {
    // After the connection has ended, input is read and discarded, so that the client still receives the last reply.
    if (this.#closing) return;
    if (this.#mustTakeFirst || this.#early.length > 0) this.#keepEarly(bytes);
    else this.#events.received(this, bytes);
  };
  readonly #listeners = {
    drain: (): void => this.#relieve(),
    end: (): void => {
      this.#hasEnded = true;
      // What was read before may not be carried out yet.
      if (this.#closing || !(this.#isHeld || this.#early.length > 0)) this.#gone();
    },
    close: (): void => {
      this.#gone();
      this.#watch?.stop();
      this.#events.closed(this);
    },
  };

  /**
   * @param socket one that does not read yet
   * @param name HOST:PORT, or a name in its place
   */
  constructor(id: number, socket: Duplex, name: string, events: PeerEvents, time: AwakeTime) {
    this.id = id;
    this.name = name;
    this.#events = events;
    this.#time = time;
    this.#socket = adopt(socket, this.#received);
    this.#listen();
  }

  /** HOST:PORT, as clients know it. */
  static nameOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
    const host = remoteAddress.replace(/^::ffff:/, '');
    return authorityOf(host, remotePort);
  }

  /** Bytes that were sent and that the client has not taken, and what it has sent meanwhile. */
  get unread(): number {
    if (this.#socket.destroyed) return 0;
    return this.#socket.writableLength + this.#queuedBytes + this.#earlyBytes;
  }

  #listen(): void {
    for (const [event, listener] of Object.entries(this.#listeners)) this.#socket.on(event, listener);
    // Clients close with a reset in normal use; 'close' follows.
    this.#socket.on('error', () => undefined);
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#events.gone(this);
    if (this.#queue.length === 0 && !this.#sending) this.#socket.end();
    this.#watchTaking(this.#taken);
  }

  /** Bytes that the client has taken. */
  get #taken(): number {
    return this.#written - this.#socket.writableLength;
  }

  get #mustTakeFirst(): boolean {
    return this.#heldFor.drain || this.#heldFor.flush;
  }

  get #isHeld(): boolean {
    const { file, finish, turn, work } = this.#heldFor;
    return this.#mustTakeFirst || file || finish || turn || work;
  }

  /**
   * The end of the input is not seen while a client is not read from. If the client takes nothing for a while, some input is
   * read and kept. Its requests are carried out if the client takes its replies after all.
   */
  #watchForEnd(before: number): void {
    this.#watch = this.#time.startTimeout(BOUNDS.lingerMs.value, () => {
      this.#watch = undefined;
      if (!this.#mustTakeFirst || this.#socket.destroyed) return;
      const isStill = this.#taken === before;
      if (isStill && this.#hasEnded) {
        this.#socket.destroy();
        return;
      }
      if (isStill && this.#earlyBytes < BOUNDS.earlyBytes.value) this.#socket.resume();
      this.#watchForEnd(this.#taken);
    });
  }

  #keepEarly(bytes: Buffer): void {
    this.#early.push(Buffer.from(bytes));
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes >= BOUNDS.earlyBytes.value) this.#socket.pause();
    this.#events.counted(this);
  }

  /** Goes on with the input that was read early, then with the rest. */
  #readOn(): void {
    if (this.#isHeld || this.#socket.destroyed) return;
    const bytes = this.#early.shift();
    if (bytes !== undefined) {
      this.#earlyBytes -= bytes.length;
      if (!this.#closing) this.#events.received(this, bytes);
      this.#time.loop.soon(() => this.#readOn());
    } else if (this.#hasEnded) this.#gone();
    else this.#socket.resume();
  }

  /** A client that has closed its sending side and takes nothing would hold its socket and its replies for ever. */
  #watchTaking(before: number): void {
    this.#watch?.stop();
    if (this.#socket.destroyed) return;
    this.#watch = this.#time.startTimeout(BOUNDS.lingerMs.value, () => {
      const taken = this.#taken;
      if (taken === before) this.#socket.destroy();
      else this.#watchTaking(taken);
    });
  }

  /** Collects what is sent until `uncork`: sending several texts as one costs much less. */
  cork(): void {
    this.#corked ??= '';
  }
  uncork(): void {
    const text = this.#corked;
    this.#corked = undefined;
    if (text !== undefined && text !== '') this.#sendNow(text);
    this.#socket.uncork();
  }

  send(output: Output): void {
    if (this.#corked !== undefined) {
      if (typeof output === 'string') {
        this.#corked += output;
        return;
      }
      // Bytes must follow the texts before them.
      if (this.#socket.writableCorked === 0) this.#socket.cork();
      const text = this.#corked;
      this.#corked = '';
      if (text !== '') this.#sendNow(text);
    }
    this.#sendNow(output);
  }

  #sendNow(output: Output): void {
    if (this.#sending) {
      this.#queue.push(output);
      this.#queuedBytes += sizeOf(output);
      this.hold('drain');
      this.#events.counted(this);
    } else if (typeof output === 'object' && !(output instanceof Uint8Array))
      this.#sendPieces(output).catch(() => this.#socket.destroy());
    else if (!this.#write(output)) this.hold('drain');
  }

  #write(bytes: string | Uint8Array): boolean {
    if (this.#socket.destroyed) return true;
    this.#written += bytes.length;
    const goesOn =
      typeof bytes === 'string' ? this.#socket.write(bytes, 'latin1') : this.#socket.write(bytes);
    if (!goesOn) this.#events.counted(this);
    return goesOn;
  }

  /** Sends a file as fast as the client reads, then the output that waits behind it. */
  async #sendPieces(pieces: AsyncGenerator<Uint8Array>): Promise<void> {
    this.#sending = true;
    try {
      for await (const piece of pieces) {
        if (this.#socket.destroyed) break;
        if (!this.#write(piece)) await this.#drained();
      }
    } catch {
      // Half of a value is sent and the rest cannot be, so nothing can follow on this connection.
      this.#socket.destroy();
    }
    this.#sending = false;
    while (!this.#sending) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#queuedBytes -= sizeOf(next);
      this.#sendNow(next);
    }
    if (this.#sending) return;
    if (this.#closing) this.#end();
    else if (this.#isGone) this.#socket.end();
    else this.#relieve();
  }

  /** Resumes reading if the output has been sent. */
  #relieve(): void {
    this.#events.counted(this);
    if (this.#sending || this.#socket.writableNeedDrain) return;
    this.resume('drain');
    const flushed = this.#onFlushed;
    this.#onFlushed = undefined;
    flushed?.();
  }

  /**
   * Calls back when all or nearly all output has been sent, never synchronously. Until then nothing is read, not even
   * the end.
   */
  whenFlushed(flushed: () => void): void {
    this.hold('flush');
    this.#onFlushed = () => {
      this.resume('flush');
      flushed();
    };
    this.#time.loop.soon(() => this.#relieve());
  }

  /** @throws if the connection breaks */
  async #drained(): Promise<void> {
    const over = new AbortController();
    const { signal } = over;
    await Promise.race([once(this.#socket, 'drain', { signal }), once(this.#socket, 'close', { signal })]);
    over.abort();
  }

  /** Stops reading for a reason, until that reason is released. */
  hold(reason: Holding): void {
    this.#heldFor[reason] = true;
    this.#socket.pause();
    if (this.#mustTakeFirst && this.#watch === undefined) this.#watchForEnd(this.#taken);
  }

  resume(reason: Holding): void {
    if (!this.#heldFor[reason]) return;
    this.#heldFor[reason] = false;
    if (this.#isHeld) return;
    // Not at once: the command at hand may be one of several.
    if (this.#early.length > 0 || this.#hasEnded) this.#time.loop.soon(() => this.#readOn());
    else this.#socket.resume();
  }

  /** Starts TLS on the same socket; `received` has already arrived and belongs to it (P2.3). */
  startTls(starter: TlsStarter, received: Uint8Array): void {
    const plain = this.#socket;
    if (!(plain instanceof Socket)) throw fault('TLS is for sockets');
    for (const [event, listener] of Object.entries(this.#listeners)) plain.off(event, listener);
    plain.once('close', this.#listeners.close);
    plain.pause();
    plain.unshift(received);
    starter.start(plain, (secure) => {
      plain.off('close', this.#listeners.close);
      this.#socket = secure;
      secure.on('data', this.#received);
      this.#listen();
      this.#events.secured(this);
    });
  }

  /** Closes the connection when all output is sent. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (!this.#sending) this.#end();
  }

  #end(): void {
    this.#socket.end();
    this.#heldFor.drain = this.#heldFor.file = false;
    this.#socket.resume();
    const timeout = this.#time.startTimeout(BOUNDS.lingerMs.value, () => this.#socket.destroy());
    this.#socket.once('close', () => timeout.stop());
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
