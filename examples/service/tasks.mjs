import { setTimeout as sleep } from 'node:timers/promises';

/** The number of primes below n. */
export function primes(n) {
  const isComposite = new Uint8Array(n);
  let count = 0;
  for (let p = 2; p < n; p++) {
    if (isComposite[p] === 1) continue;
    count++;
    for (let multiple = p * p; multiple < n; multiple += p) isComposite[multiple] = 1;
  }
  return count;
}

/** Waits for n milliseconds, or until nobody wants it any more. */
export const nap = (n, { signal }) => sleep(n, n, { signal });

export function crash() {
  process.exit(1);
}
