import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';

/** Limits that are small, so that large values, which are kept in files, and full rings (S20) come often. */
export const SMALL_LIMITS = { ...DEFAULT_LIMITS, longValueBytes: 6_000, logCount: 12, logBytes: 8_000 };
