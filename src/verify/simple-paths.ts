/**
 * All paths of up to so many steps that come to no place twice, longest first cut: one that goes on is not listed.
 * `getSimplePaths` of xstate/graph has no bound on their length, and without one there are millions.
 * @param stepsFrom the places that each step leads to
 */
export function simplePaths(
  start: string,
  stepsFrom: (place: string) => ReadonlyMap<string, string>,
  most: number,
): string[][] {
  const found: string[][] = [];
  const been = new Set([start]);
  const way: string[] = [];
  const goOn = (place: string): void => {
    let ended = true;
    if (way.length < most)
      for (const [step, to] of stepsFrom(place)) {
        if (been.has(to)) continue;
        ended = false;
        been.add(to);
        way.push(step);
        goOn(to);
        way.pop();
        been.delete(to);
      }
    if (ended && way.length > 0) found.push([...way]);
  };
  goOn(start);
  return found;
}
