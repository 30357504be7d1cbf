import { failureLine, lineFor } from './fail.ts';

/** Standard error, as far as it is needed here. */
interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** How things stand. */
export interface Report {
  readonly text: string;
  /** The same for programs. */
  readonly event: object;
  /** Whether somebody may wonder why nothing happens: then it is said sooner. */
  readonly isUrgent: boolean;
}

/** Milliseconds between two looks at what there is to show on a terminal. */
const TERMINAL_PERIOD_MS = 100;
/** Where there is no terminal, a report goes out each minute, and an urgent one after the first third of it. */
const LOG_PERIOD_MS = 20_000;
const LOG_PERIODS = 3;
const ERASE = '\r\u001b[2K';

/** Standard error: messages, and how things stand: where it is a terminal in one line below them that changes. */
export class StatusLine {
  readonly #stream: Screen;
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(stream: Screen) {
    this.#stream = stream;
    // Nobody is there to read it: no reason to fail.
    stream.on('error', () => undefined);
  }

  /** @param report asked again and again, until `hide` */
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
