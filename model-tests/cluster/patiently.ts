import { setTimeout as sleep } from 'node:timers/promises';

/** Tries again until it succeeds: the owner may still change. @throws the last error when the time is over */
export async function patiently<T>(milliseconds: number, attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + milliseconds;
  for (;;)
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
}
