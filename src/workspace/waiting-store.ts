import { NO_METADATA } from '../wire/payload.ts';
import { foundText, PendingGet, type Client } from './pending-get.ts';
import type { Value } from './value.ts';

/** The reply of `storeWait` once its value is stored: an empty text. */
export const STORED_REPLY = foundText('');

/** A store that waits until a fifo has room (V14.2). Its client is blocked, as by a get. */
export class WaitingStore extends PendingGet {
  readonly value: Value;

  constructor(client: Client, verb: string, value: Value) {
    super(client, { verb, takes: false, waits: true, metadata: NO_METADATA });
    this.value = value;
    this.isKept = true;
  }

  /** Its value is in the variable. */
  stored(): void {
    this.answer(STORED_REPLY);
  }
}
