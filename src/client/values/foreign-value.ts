/** A value that this client cannot decode, with its raw bytes (C3). */
export class ForeignValue {
  readonly descriptor: number;
  readonly bytes: Uint8Array;
  /** Why it cannot be decoded, if this client made it; undefined if another one made it. */
  readonly why: string | undefined;

  constructor(descriptor: number, bytes: Uint8Array, why?: string) {
    this.descriptor = descriptor;
    this.bytes = bytes;
    this.why = why;
  }
}

/** Maker 1 (Python), a pickle (C7). */
export const PICKLE_DESCRIPTOR = 0x01000000;
