import { Duplex } from 'node:stream';

/** The server's end of a connection. What is sent is taken, and what the client sends arrives, when the test says so. */
export class ManualSocket extends Duplex {
  /** What was taken, with all that was written together as one text. */
  readonly sent: string[] = [];
  /** Whether the client takes what is sent. */
  isReading = true;
  /** The server has closed its sending side, and the client has taken everything. */
  hasEnded = false;
  #waiting: { readonly text: string; readonly done: (error?: Error) => void } | undefined;

  /** @param buffer the bytes that may wait before the server is told to wait */
  constructor(buffer = 10) {
    super({ allowHalfOpen: true, highWaterMark: buffer });
  }

  override _read(): void {
    // The test pushes.
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#send(bytes.toString('latin1'), done);
  }

  override _writev(pieces: { readonly chunk: Buffer }[], done: () => void): void {
    this.#send(pieces.map(({ chunk }) => chunk.toString('latin1')).join(''), done);
  }

  override _final(done: () => void): void {
    this.hasEnded = true;
    done();
  }

  #send(text: string, done: () => void): void {
    this.#waiting = { text, done };
    if (this.isReading) this.takeNext();
  }

  /** The client takes what was written at one time, however little it reads otherwise. */
  takeNext(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    this.sent.push(waiting.text);
    waiting.done();
  }

  /** From now on it takes everything. */
  takeAll(): void {
    this.isReading = true;
    this.takeNext();
  }
}
