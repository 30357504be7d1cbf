import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds. @throws what it last threw or said, when it never does */
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
