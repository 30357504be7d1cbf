import { BOUNDS } from '../wire/bounds.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { processTime, type AwakeTimeout } from '../transport/awake.ts';

const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Handles one request of a connection at a time. The parser of Node parses all requests of one piece at once, and
 * each costs time and memory before any handler runs. Thousands of connections with hundreds of requests each would
 * block the server for seconds. So the parser receives the head of one request, and the next one when the response
 * has been taken.
 *
 * The time for a request is measured here as well, because Node counts the time in which the process was stopped
 * (P13).
 */
export class Turns {
  readonly #gates = new WeakMap<Socket, Gate>();
  readonly #requestTime: number;

  /** @param requestTime milliseconds in which the head of a request must be complete */
  constructor(requestTime = BOUNDS.webRequestMs.value) {
    this.#requestTime = requestTime;
  }

  /** Must be called when a connection is accepted, after Node has begun to listen to it. */
  watch(socket: Socket): void {
    this.#gates.set(socket, new Gate(socket, this.#requestTime));
  }

  /** Must be called when a request has arrived. */
  begin({ socket }: IncomingMessage, response: ServerResponse): void {
    const gate = this.#gates.get(socket);
    if (gate === undefined) return;
    gate.begin();
    // Other connections have their turn before the next request of this one.
    response.once('close', () => setImmediate(() => gate.end()));
  }
}

/** The filter between a connection and the parser. */
class Gate {
  readonly #socket: Socket;
  readonly #parse: readonly unknown[];
  readonly #requestTime: number;
  /** Defined while a request is awaited or incomplete; undefined while one is answered, and between two requests. */
  #deadline: AwakeTimeout | undefined;
  #waiting: Buffer = Buffer.alloc(0);
  /** Whether the current line is empty so far. */
  #isAtLineStart = false;
  #isAnswering = false;
  /** Whether too much has arrived behind a request, so that the connection ends after its response. */
  #isOverrun = false;

  constructor(socket: Socket, requestTime: number) {
    this.#socket = socket;
    this.#requestTime = requestTime;
    this.#startDeadline();
    const release = processTime.keepAwake();
    socket.once('close', () => {
      this.#stopDeadline();
      release();
    });
    this.#parse = socket.listeners('data');
    socket.removeAllListeners('data');
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
  }

  begin(): void {
    this.#isAnswering = true;
    this.#stopDeadline();
  }

  end(): void {
    this.#isAnswering = false;
    if (this.#isOverrun) this.#socket.destroy();
    else this.#pass();
  }

  #startDeadline(): void {
    this.#deadline ??= processTime.startTimeout(this.#requestTime, () => {
      this.#socket.write(TOO_LATE);
      this.#socket.destroySoon();
    });
  }

  #stopDeadline(): void {
    this.#deadline?.stop();
    this.#deadline = undefined;
  }

  #receive(bytes: Buffer): void {
    if (this.#isOverrun) return;
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    this.#pass();
    if (this.#waiting.length > BOUNDS.webWaitingBytes.value) {
      this.#isOverrun = true;
      this.#waiting = Buffer.alloc(0);
      this.#socket.pause();
      // A small rest would keep the whole piece in memory.
    } else if (this.#waiting.length > 0) this.#waiting = Buffer.from(this.#waiting);
  }

  /** Passes what has arrived to the parser, up to the end of one request. */
  #pass(): void {
    while (this.#waiting.length > 0 && !this.#isAnswering && !this.#socket.destroyed) {
      this.#startDeadline();
      const end = this.#endOfHead();
      const part = this.#waiting.subarray(0, end);
      this.#waiting = this.#waiting.subarray(end);
      for (const parse of this.#parse)
        if (typeof parse === 'function') Reflect.apply(parse, this.#socket, [part]);
    }
  }

  /** @returns where the first empty line ends; the length of the waiting bytes if there is none */
  #endOfHead(): number {
    // Not `entries()`, because this runs for each byte.
    for (let at = 0; at < this.#waiting.length; at++) {
      const byte = this.#waiting[at];
      if (byte === LINE_FEED) {
        if (this.#isAtLineStart) {
          this.#isAtLineStart = false;
          return at + 1;
        }
        this.#isAtLineStart = true;
      } else if (byte !== CARRIAGE_RETURN) this.#isAtLineStart = false;
    }
    return this.#waiting.length;
  }
}
