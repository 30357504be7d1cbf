/** Milliseconds. */
export const LEASE_MS = 1_000;

/** Milliseconds within which there must be a reply again after 99 of 100 kills of an owner. */
export const GAP_MS = LEASE_MS + 2_000;

/** @param share such as 0.99 for the 99th percentile. @returns whole milliseconds; 0 if there are no gaps */
export function gapAt(gaps: readonly number[], share: number): number {
  const sorted = gaps.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
