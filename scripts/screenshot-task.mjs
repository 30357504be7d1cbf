import { setTimeout as sleep } from 'node:timers/promises';

/** Takes between 20 and 200 ms, so that the picture shows busy workers. */
export const steps = async (n) => {
  await sleep(20 + (n % 7) * 30);
  return n;
};
