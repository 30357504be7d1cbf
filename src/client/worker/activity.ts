/**
 * The current call of a worker, in memory that a second thread reads while the worker computes. Writing to this
 * memory costs almost nothing. The thread that reads it reports long calls to the sentinel.
 */
import type { CallSeen, CancelledBatches, MessageAboutRank } from './worker-messages.ts';

/** The layout of the memory: 32-bit words, a 64-bit number, and the batch as UTF-8. */
const CALL = 0;
const AT = 1;
const IS_LOADING = 2;
const BATCH_BYTES = 3;
const LIMIT_OFFSET = 16;
const BATCH_OFFSET = 24;
const SIZE = 512;

/** No call is running. */
const NONE = 0;

/** The details of a call, as the worker writes them. */
export type CallDetails = Omit<CallSeen, 'call' | 'limit'> & {
  /** Milliseconds; Infinity if there is no limit. */
  readonly limit: number;
};

/** Records what a worker is doing. */
export interface Activity {
  begin(details: CallDetails): void;
  /** Returns, unless the call was condemned: then the worker waits here until it is killed. */
  end(): void;
}

export const newBoard = (): SharedArrayBuffer => new SharedArrayBuffer(SIZE);

/** The worker's side. */
export class ActivityWriter implements Activity {
  readonly #words: Int32Array;
  readonly #limit: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #encoder = new TextEncoder();
  #calls = 0;
  #batch: string | undefined;

  constructor(board: SharedArrayBuffer) {
    this.#words = new Int32Array(board);
    this.#limit = new Float64Array(board, LIMIT_OFFSET, 1);
    this.#bytes = new Uint8Array(board, BATCH_OFFSET);
  }

  begin({ batch, at, limit, isLoading }: CallDetails): void {
    this.#words[AT] = at;
    this.#words[IS_LOADING] = isLoading ? 1 : 0;
    this.#limit[0] = limit;
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#words[BATCH_BYTES] = this.#encoder.encodeInto(batch, this.#bytes).written;
    }
    this.#calls = this.#calls === 0x7f_ff_ff_ff ? 1 : this.#calls + 1;
    Atomics.store(this.#words, CALL, this.#calls);
  }

  end(): void {
    if (Atomics.compareExchange(this.#words, CALL, this.#calls, NONE) === this.#calls) return;
    // The call is condemned: the sentinel is about to kill this worker, and has told the server about this call.
    Atomics.wait(this.#words, CALL, -this.#calls);
  }
}

/** The reader's side. */
export class ActivityWatch {
  readonly #words: Int32Array;
  readonly #limit: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #decoder = new TextDecoder();
  readonly #report: (message: MessageAboutRank) => void;
  /** The call that was running at the last look, and the reported call that has not ended. */
  #last = NONE;
  #reported = NONE;

  constructor(board: SharedArrayBuffer, report: (message: MessageAboutRank) => void) {
    this.#words = new Int32Array(board);
    this.#limit = new Float64Array(board, LIMIT_OFFSET, 1);
    this.#bytes = new Uint8Array(board, BATCH_OFFSET);
    this.#report = report;
  }

  /** Must be called periodically. A call that is running at two consecutive looks is reported, and so is its end. */
  look(): void {
    const call = Atomics.load(this.#words, CALL);
    if (call === this.#reported || call < 0) return;
    if (this.#reported !== NONE) {
      this.#reported = NONE;
      this.#report({ type: 'idle' });
    }
    if (call !== NONE && call === this.#last) this.#reportCall(call);
    this.#last = call;
  }

  /** Reports a call of one of these batches at once. */
  cancelled(batches: CancelledBatches): void {
    const call = Atomics.load(this.#words, CALL);
    const seen = call > NONE && call !== this.#reported ? this.#read(call) : undefined;
    if (seen === undefined || !Object.hasOwn(batches, seen.batch)) return;
    this.#last = call;
    this.look();
  }

  /** From now on the worker cannot complete this call, unless it has ended already, which `look` then reports. */
  condemn(call: number): void {
    if (Atomics.compareExchange(this.#words, CALL, call, -call) === call)
      this.#report({ type: 'condemned', call });
    else this.look();
  }

  #reportCall(call: number): void {
    const seen = this.#read(call);
    if (seen === undefined) return;
    this.#reported = call;
    this.#report({ type: 'call', ...seen });
  }

  /** @returns undefined if it has ended meanwhile */
  #read(call: number): CallSeen | undefined {
    const [limit = Infinity] = this.#limit;
    const bytes = this.#bytes.slice(0, this.#words[BATCH_BYTES]);
    const seen: CallSeen = {
      call,
      batch: this.#decoder.decode(bytes),
      at: this.#words[AT] ?? 0,
      limit: limit === Infinity ? null : limit,
      isLoading: this.#words[IS_LOADING] === 1,
    };
    return Atomics.load(this.#words, CALL) === call ? seen : undefined;
  }
}
