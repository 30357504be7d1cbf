import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds.
 * @throws the last error or message if it never holds
 */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  milliseconds = 30_000,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await sleep(10);
  }
}
