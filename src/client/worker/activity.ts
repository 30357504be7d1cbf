/**
 * What a worker is doing, for a thread that looks on while it computes. The worker writes into memory that both share,
 * which costs it nothing for a call; only who looks at it tells the sentinel, of calls that last.
 */
import type { CallSeen, CancelledBatches, MessageFromWorker } from './worker-messages.ts';

/** The parts of the memory: 32-bit words, a number of 64 bits, and the batch as UTF-8. */
const CALL = 0;
const AT = 1;
const IS_LOADING = 2;
const BATCH_BYTES = 3;
const LIMIT_OFFSET = 16;
const BATCH_OFFSET = 24;
const SIZE = 512;

/** No call is under way. */
const NONE = 0;

/** The call of a worker, as it is told. */
export type CallDetails = Omit<CallSeen, 'call' | 'limit'> & {
  /** Milliseconds; Infinity where there is none. */
  readonly limit: number;
};

/** Where a worker says what it does. */
export interface Activity {
  begin(details: CallDetails): void;
  /** Returns unless the call was condemned: then the worker waits here for its end. */
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
    // Condemned: the sentinel is about to kill this worker, and has told the server about this very call.
    Atomics.wait(this.#words, CALL, -this.#calls);
  }
}

/** The side of whoever looks on. */
export class ActivityWatch {
  readonly #words: Int32Array;
  readonly #limit: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #decoder = new TextDecoder();
  readonly #tell: (message: MessageFromWorker) => void;
  /** The call that was under way at the last look, and the one that was told of and has not ended. */
  #last = NONE;
  #told = NONE;

  constructor(board: SharedArrayBuffer, tell: (message: MessageFromWorker) => void) {
    this.#words = new Int32Array(board);
    this.#limit = new Float64Array(board, LIMIT_OFFSET, 1);
    this.#bytes = new Uint8Array(board, BATCH_OFFSET);
    this.#tell = tell;
  }

  /** To be called at times: a call that is under way at two looks is told of, and so is its end. */
  look(): void {
    const call = Atomics.load(this.#words, CALL);
    if (call === this.#told || call < 0) return;
    if (this.#told !== NONE) {
      this.#told = NONE;
      this.#tell({ type: 'idle' });
    }
    if (call !== NONE && call === this.#last) this.#tellOf(call);
    this.#last = call;
  }

  /** A call of one of these batches is told of at once. */
  cancelled(batches: CancelledBatches): void {
    const call = Atomics.load(this.#words, CALL);
    const seen = call > NONE && call !== this.#told ? this.#read(call) : undefined;
    if (seen === undefined || !Object.hasOwn(batches, seen.batch)) return;
    this.#last = call;
    this.look();
  }

  /** From here to its end the worker can do nothing but this call, unless it has ended, as `look` then tells. */
  condemn(call: number): void {
    if (Atomics.compareExchange(this.#words, CALL, call, -call) === call)
      this.#tell({ type: 'condemned', call });
    else this.look();
  }

  #tellOf(call: number): void {
    const seen = this.#read(call);
    if (seen === undefined) return;
    this.#told = call;
    this.#tell({ type: 'call', ...seen });
  }

  /** @returns undefined when it has ended meanwhile */
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
