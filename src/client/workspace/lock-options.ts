import type { WaitOptions } from '../connection/waiting.ts';

export interface LockOptions extends WaitOptions {
  /**
   * Milliseconds after which another program may have the lock when this one has stopped to answer. The lock is extended
   * three times in this period. The default is 10,000.
   */
  readonly lease?: number | undefined;
}
