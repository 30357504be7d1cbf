/** Work that takes long. It yields from time to time, so its caller can let others go first (P14). */
export type Steps<Result = undefined> = Generator<undefined, Result, undefined>;

/** Runs such work in turns with others. It begins at once. */
export type InSteps = (steps: Steps) => void;

/** The number of small pieces of work between two checks of the time. */
const AT_ONCE = 16;

/** Calls a function for each item, and yields from time to time. */
export function* eachInSteps<Item>(items: Iterable<Item>, act: (item: Item) => void): Steps {
  let n = 0;
  for (const item of items) {
    act(item);
    if (++n % AT_ONCE === 0) yield;
  }
}

/** Ends without an error when a step fails; `contain` handles the error. */
export function* containedSteps(steps: Steps, contain: (act: () => void) => void): Steps {
  for (;;) {
    let isDone = true;
    contain(() => {
      isDone = steps.next().done === true;
    });
    if (isDone) return;
    yield;
  }
}

/** Does all of the work at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Sorts in steps by merging runs. The sort is stable. */
export function* sortedInSteps<Item extends object | string>(
  items: Iterable<Item>,
  isBefore: (a: Item, b: Item) => boolean,
): Steps<readonly Item[]> {
  let sorted = [...items];
  let compared = 0;
  for (let width = 1; width < sorted.length; width *= 2) {
    const merged: Item[] = [];
    for (let begin = 0; begin < sorted.length; begin += 2 * width) {
      const end = begin + 2 * width;
      for (let [left, right] = [begin, begin + width]; ;) {
        const a = left < begin + width ? sorted[left] : undefined;
        const b = right < end ? sorted[right] : undefined;
        const takesRight = b !== undefined && (a === undefined || isBefore(b, a));
        const next = takesRight ? b : a;
        if (next === undefined) break;
        merged.push(next);
        if (takesRight) right++;
        else left++;
        if (++compared % AT_ONCE === 0) yield;
      }
    }
    sorted = merged;
  }
  return sorted;
}
