import { failureLine, lineFor } from './fail.ts';

/** Standard error, as far as it is needed here. */
interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** Milliseconds between two looks at what there is to show. */
const PERIOD = 100;
const ERASE = '\r\u001b[2K';

/** Standard error: messages, and where it is a terminal one line below them that changes. */
export class StatusLine {
  readonly #stream: Screen;
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(stream: Screen) {
    this.#stream = stream;
    // Nobody is there to read it: no reason to fail.
    stream.on('error', () => undefined);
  }

  /** @param text asked again and again, until `hide` */
  show(text: () => string): void {
    if (this.#stream.isTTY !== true) return;
    this.#timer = setInterval(() => {
      this.#stream.write(`${ERASE}${text().slice(0, (this.#stream.columns || 80) - 1)}`);
      this.#isShown = true;
    }, PERIOD).unref();
  }

  hide(): void {
    clearInterval(this.#timer);
    this.erase();
  }

  /** Makes room for something else on the terminal. */
  erase(): void {
    if (this.#isShown) this.#stream.write(ERASE);
    this.#isShown = false;
  }

  /** @param event the same for programs */
  say(message: string, event: object): void {
    this.pass(lineFor(message, event));
  }

  fail(message: string, code: string): void {
    this.pass(failureLine(message, code));
  }

  /** @param text whole lines */
  pass(text: string): void {
    this.erase();
    this.#stream.write(text);
  }
}
