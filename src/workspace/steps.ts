/** Something that takes long: it yields now and then, and whoever runs it may let others go first (P14). */
export type Steps<Result = undefined> = Generator<undefined, Result, undefined>;

/** Does something that takes long in its turn with others. It begins at once. */
export type InSteps = (steps: Steps) => void;

/** How many small things are done between two looks at the time. */
const AT_ONCE = 16;

/** Calls for each item, and yields now and then. */
export function* eachInSteps<Item>(items: Iterable<Item>, act: (item: Item) => void): Steps {
  let n = 0;
  for (const item of items) {
    act(item);
    if (++n % AT_ONCE === 0) yield;
  }
}

/** Ends quietly when a step fails, as `contain` sees to. */
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

/** All of it at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Sorts in steps, by merging ever longer runs: equal items keep their order. */
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
