import { Duplex } from 'node:stream';
import type { ClientEnd, ClientLink } from '../../world/link.ts';
import { socketError } from '../../world/socket-error.ts';
import type { SimulatedProcess } from './process.ts';

/** Bytes that may be in transit before the writer has to wait. */
const SEND_BUFFER = 64 * 1_024;
/** Milliseconds between two checks whether there is room again. */
const LOOK_MS = 1;

/** Creates the link when the server has accepted; throws the error for the client otherwise. */
type Connecting = (end: ClientEnd) => ClientLink;

/** The client's end of a connection, as `node:net` provides it, over a simulated link. */
export class SimulatedSocket extends Duplex {
  readonly #process: SimulatedProcess;
  readonly #connecting: Connecting;
  readonly #delay: number;
  #link: ClientLink | undefined;

  /** @param delay milliseconds until it is connected or refused */
  constructor(process: SimulatedProcess, connecting: Connecting, delay: number) {
    super({ allowHalfOpen: false });
    this.#process = process;
    this.#connecting = connecting;
    this.#delay = delay;
    process.sockets.add(this);
  }

  /** The link; undefined while it is not connected. */
  get link(): ClientLink | undefined {
    return this.#link;
  }

  override _construct(done: (error?: Error | null) => void): void {
    const { agenda } = this.#process.world;
    agenda.after(this.#delay, () => this.#connect(done));
  }

  #connect(done: (error?: Error | null) => void): void {
    if (this.#process.isDead) return;
    try {
      this.#link = this.#connecting({
        received: (bytes) => this.#process.hear(() => this.#received(bytes)),
        closed: (isClean) => this.#process.hear(() => this.#closed(isClean)),
      });
    } catch (error) {
      this.#process.hear(() => done(error instanceof Error ? error : new Error(String(error))));
      return;
    }
    this.#process.hear(() => done());
  }

  #received(bytes: string): void {
    if (this.destroyed) return;
    if (!this.push(Buffer.from(bytes, 'latin1'))) this.#link?.pauseReading(true);
  }

  #closed(isClean: boolean): void {
    this.#process.sockets.delete(this);
    if (this.destroyed) return;
    if (isClean) this.push(null);
    else this.destroy(socketError('ECONNRESET'));
  }

  override _read(): void {
    this.#link?.pauseReading(false);
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    const text = bytes.toString('latin1');
    this.#process.act(() => this.#link?.write(text));
    this.#whenThereIsRoom(done);
  }

  #whenThereIsRoom(done: () => void): void {
    if ((this.#link?.underWay ?? 0) <= SEND_BUFFER) return done();
    this.#process.after(LOOK_MS, () => this.#whenThereIsRoom(done));
  }

  override _final(done: () => void): void {
    this.#process.act(() => this.#link?.end());
    done();
  }

  /** Written data arrives as far as possible: a kernel continues to send for a process that closes or ends. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#process.act(() => this.release());
    done(error);
  }

  /** The kernel closes it when the process no longer has it, for any reason. */
  release(): void {
    this.#process.sockets.delete(this);
    if (this.#link?.isOver === false) this.#link.end();
  }
}
