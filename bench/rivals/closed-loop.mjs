/**
 * Submits `count` tasks, with at most `window` unfinished at a time.
 * @param call submits the task with this number, and resolves with its result
 * @returns the total time, and the time of each task from submission to result
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
 * Like `closedLoop`, for calls of which one in ten ends its worker: those fail, and are counted.
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
