import { failureLine, lineFor } from './fail.ts';

/** The part of standard error that is used here. */
interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** The progress of a command. */
export interface Report {
  readonly text: string;
  /** The same for programs. */
  readonly event: object;
  /** Whether something is wrong, so that it is reported sooner. */
  readonly isUrgent: boolean;
}

/** Milliseconds between two updates on a terminal. */
const TERMINAL_PERIOD_MS = 100;
/** Without a terminal, a report is written each minute, and an urgent one after the first third of it. */
const LOG_PERIOD_MS = 20_000;
const LOG_PERIODS = 3;
const ERASE = '\r\u001b[2K';

/** Writes messages and the progress to standard error. On a terminal the progress is one line below the messages. */
export class StatusLine {
  readonly #stream: Screen;
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(stream: Screen) {
    this.#stream = stream;
    // If nobody reads it, that is not an error.
    stream.on('error', () => undefined);
  }

  /** @param report called repeatedly until `hide` */
  show(report: () => Report): void {
    this.#timer = (this.#stream.isTTY === true ? this.#draw(report) : this.#log(report)).unref();
  }

  #draw(report: () => Report): NodeJS.Timeout {
    return setInterval(() => {
      this.#stream.write(`${ERASE}${report().text.slice(0, (this.#stream.columns || 80) - 1)}`);
      this.#isShown = true;
    }, TERMINAL_PERIOD_MS);
  }

  #log(report: () => Report): NodeJS.Timeout {
    let periods = 0;
    return setInterval(() => {
      periods = (periods % LOG_PERIODS) + 1;
      const { text, event, isUrgent } = report();
      if (periods === (isUrgent ? 1 : LOG_PERIODS)) this.say(text, event);
    }, LOG_PERIOD_MS);
  }

  hide(): void {
    clearInterval(this.#timer);
    this.erase();
  }

  /** Clears the line for other output on the terminal. */
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
