import type { LineError } from './line-outcome.ts';
import { BOUNDS } from '../wire/bounds.ts';
import type { ErrorText } from '../wire/error-kind.ts';
import { hostClock } from '../client/clock.ts';
import { Rate } from '../client/master/rate.ts';
import { START } from './errors.ts';

/** The progress of a run. */
export class Tally {
  /** Lines whose last attempt has ended in this run, and those of the resumed run. */
  done = 0;
  before = 0;
  failed = 0;
  /** The failed line that comes first in the input. */
  firstFailure: LineError | undefined;
  /** The number of lines of the input, if known. */
  total: number | undefined;
  readonly #rate = new Rate(hostClock, BOUNDS.rateMs.value);

  count(failure?: LineError): void {
    this.done++;
    if (failure === undefined) return;
    this.failed++;
    if (this.firstFailure === undefined || failure.line < this.firstFailure.line) this.firstFailure = failure;
  }

  /** `12 of 40 lines done, 1 failed` */
  get summary(): string {
    const of = this.total === undefined ? '' : ` of ${this.total}`;
    return `${this.before + this.done}${of} lines done${this.failed === 0 ? '' : `, ${this.failed} failed`}`;
  }

  /** The summary, with the lines under way, if they are known, the rate of the last minutes and the remaining time. */
  progress(tasks?: { readonly running: number; readonly queued: number }): string {
    const { perSecond, secondsLeft } = this.figures;
    const rate = perSecond >= 10 ? Math.round(perSecond) : Number(perSecond.toPrecision(2));
    const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`;
    const underWay = tasks === undefined ? '' : `, ${tasks.running} running, ${tasks.queued} queued`;
    return `${this.summary}${underWay}, ${rate} a second${left}`;
  }

  /** The same for programs. */
  get figures() {
    const { done, before, failed, total } = this;
    const perSecond = this.#rate.at(done);
    const isKnown = total !== undefined && perSecond > 0;
    const secondsLeft = isKnown ? Math.max(0, Math.ceil((total - before - done) / perSecond)) : null;
    return { done: before + done, failed, total: total ?? null, perSecond, secondsLeft };
  }

  /** A sentence about the failures with the first one; undefined if there are none. */
  get failures(): ErrorText | undefined {
    if (this.firstFailure === undefined) return undefined;
    const { line, stack } = this.firstFailure;
    return START.linesFailed(this.failed, this.done, line, stack);
  }
}

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** @returns the two largest units of a number of seconds: `2 min 5 s` */
export function durationText(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [size, name] of UNITS) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0 || (size === 1 && parts.length === 0)) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ');
}
