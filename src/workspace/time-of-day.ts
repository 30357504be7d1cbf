import { foundText, type PendingGet } from './pending-get.ts';
import { STORE_NOT_SUPPORTED, type Refusal } from './refusal.ts';
import type { Steps } from './steps.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A variable whose value is the time of day. It is never empty (V11). */
export class TimeOfDay implements Behaviour {
  readonly mode = '__time';
  readonly #in: VariableContext;

  constructor(context: VariableContext) {
    this.#in = context;
  }

  get counts() {
    return this.#in.waiters.counts(1);
  }

  store(): Refusal | undefined {
    return STORE_NOT_SUPPORTED;
  }

  get(get: PendingGet): void {
    if (this.#in.waiters.mismatch(get, this.#in.variableId)) return;
    get.answer(foundText(timeOfDay(new Date(this.#in.clock())), this.#in.variableId));
  }

  *purge(reason: Refusal): Steps {
    yield* this.#in.waiters.refuseAll(reason);
  }
}

const two = (n: number): string => String(n).padStart(2, '0');

/** Formats a time as C's ctime does: `Sun Nov 22 13:41:10 2026`. */
export function timeOfDay(date: Date): string {
  const day = String(date.getDate()).padStart(2);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${time} ${date.getFullYear()}`;
}
