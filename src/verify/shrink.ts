/**
 * Leaves out what is not needed for a failure, larger parts first (delta debugging, Zeller and Hildebrandt 2002).
 * @returns items, in their order, that still fail, and of which none can be left out
 */
export function shrink<T>(items: readonly T[], stillFails: (items: readonly T[]) => boolean): T[] {
  let left = [...items];
  for (let size = Math.ceil(left.length / 2); size >= 1;) {
    let hasShrunk = false;
    for (let at = 0; at < left.length;) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)];
      if (fewer.length < left.length && stillFails(fewer)) {
        left = fewer;
        hasShrunk = true;
      } else at += size;
    }
    if (size === 1 && !hasShrunk) return left;
    size = hasShrunk && size === 1 ? 1 : Math.max(1, Math.floor(size / 2));
    if (left.length === 0) return left;
  }
  return left;
}
