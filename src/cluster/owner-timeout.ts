/** Milliseconds for which a client waits for the owner of a partition, and for which an owner keeps its session (D12, D13). */
export const OWNER_TIMEOUT_MS = 60_000;
