/**
 * Hands out `count` tasks, never more than `window` at a time.
 * @param call hands out the task of this number, and resolves with its result
 * @returns how long all took, and each, from handing it out to having its result
 */
export async function closedLoop(call, count, window) {
  const latencies = [];
  let next = 0;
  const one = async () => {
    while (next < count) {
      const n = next++;
      const begun = performance.now();
      if ((await call(n)) !== n) throw new Error(`task ${n} has the result of another`);
      latencies.push(performance.now() - begun);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: window }, one));
  return { milliseconds: performance.now() - begun, latencies };
}

/**
 * As `closedLoop`, of calls of which one in ten ends its worker: those fail, and count as well.
 * @returns also how many have failed
 */
export async function crashLoop(call, count, window) {
  let failed = 0;
  const result = await closedLoop(
    (n) =>
      call(n).catch(() => {
        failed++;
        return n;
      }),
    count,
    window,
  );
  return { ...result, failed };
}
