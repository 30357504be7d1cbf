/** The bytes that other cores hold, to which the same limits apply (P12). */
export interface OthersUse {
  /** In memory, with incomplete requests. */
  readonly memory: number;
  /** Incomplete requests. */
  readonly incoming: number;
  /** What has arrived and is not read yet. */
  readonly arrived: number;
  /** All values, in memory and in files. */
  readonly values: number;
  /** Replies that clients have not read. */
  readonly unread: number;
}

/** Nobody else has the same limits. */
export const NO_OTHERS: OthersUse = { memory: 0, incoming: 0, arrived: 0, values: 0, unread: 0 };
