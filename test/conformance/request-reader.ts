/** A request as the cases have it: bytes as Latin-1. */
export interface ReadRequest {
  readonly args: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
}

/** `X000`, and the choice `R000` with a dictionary (P2.1). */
const GREETING = 4;

/** Reads what a client with the new handshake sends (P2.1, P4, P5). */
export class RequestReader {
  #text = '';
  #isOpen = false;

  /** @returns what is complete now; undefined stands for the handshake */
  push(bytes: Buffer): (ReadRequest | undefined)[] {
    this.#text += bytes.toString('latin1');
    const read: (ReadRequest | undefined)[] = [];
    for (;;) {
      const cursor = new Cursor(this.#text);
      const next = this.#isOpen ? cursor.request() : cursor.handshake();
      if (cursor.isShort) return read;
      this.#text = this.#text.slice(cursor.at);
      this.#isOpen = true;
      read.push(next);
    }
  }
}

/** Reads on until the text is too short. */
class Cursor {
  at = 0;
  isShort = false;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  handshake(): undefined {
    this.#take(2 * GREETING);
    this.#dictionary();
  }

  request(): ReadRequest {
    const meta = this.#dictionary();
    const count = Number(this.#take(4));
    return { args: Array.from({ length: count }, () => this.#take(Number(this.#take(20)))), meta };
  }

  #dictionary(): Record<string, string> {
    const count = Number(this.#take(4));
    const text = (): string => this.#take(Number(this.#take(4)));
    return Object.fromEntries(Array.from({ length: count }, () => [text(), text()]));
  }

  #take(length: number): string {
    this.isShort ||= this.at + length > this.#text.length;
    if (this.isShort) return '0';
    this.at += length;
    return this.#text.slice(this.at - length, this.at);
  }
}
