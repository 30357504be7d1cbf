import { KEY, VERB } from '../../wire/names.ts';
import { NO_METADATA, type Metadata } from '../../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../../wire/reply.ts';
import { checkOptions } from '../options/checked-options.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Found, FoundStream, NwsConnection } from '../connection/connection.ts';
import type { GetDetails, GetVerb } from '../connection/get-request.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import { DECLARE, GET, STORE, STORE_STREAM, TAKE, TRY } from '../options/option-rules.ts';
import { BYTES_DESCRIPTOR, encodeValue } from '../values/values.ts';
import type {
  DeclareOptions,
  Form,
  Forms,
  GetOptions,
  MetadataInit,
  StoreOptions,
  StoreStreamOptions,
  StreamInit,
  TakeOptions,
  TryOptions,
} from '../options/workspace-options.ts';

import { typeError } from '../../wire/error-kind.ts';
import { USAGE } from '../errors/usage.ts';
import { Lease } from './lease.ts';
import { spooled } from './spool-file.ts';

/** The mode of a variable (V1). */
export type Mode = 'fifo' | 'lifo' | 'single' | 'multi' | '__time' | '__barrier';

/**
 * A variable of a workspace whose values have type T. The client cannot check this type, because the wire has no
 * types.
 *
 * Every method rejects with an NwsError if the server refuses the request, and with a ConnectionLostError if there is
 * no connection.
 *
 * A get that waits uses its own connection. A `signal` or a `timeout` ends the wait and never loses a value: if the
 * server has already removed the value for this client, the get resolves with it.
 */
export class Variable<T = unknown> {
  readonly name: string;
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  readonly #mode: Mode | undefined;
  readonly #capacity: number | undefined;
  #declared: Promise<void> | undefined;

  /**
   * @param mode declared before the first use (V2); if undefined, the existing mode, or the one that the first store
   *   sets
   * @throws TypeError or RangeError for invalid options
   */
  constructor(
    lines: ConnectionPool,
    workspace: string,
    name: string,
    mode?: Mode,
    options: DeclareOptions = {},
  ) {
    checkOptions('declare', options, DECLARE);
    if (options.capacity !== undefined && mode !== 'fifo')
      throw typeError(USAGE.capacityOfFifo(String(mode)));
    this.name = name;
    this.#lines = lines;
    this.#workspace = workspace;
    this.#mode = mode;
    this.#capacity = options.capacity;
  }

  /**
   * Declares the mode, if one was given. Each use does so first.
   * @throws NwsError if it has another mode (V2), or another capacity (V14)
   */
  declare(): Promise<void> {
    if (this.#mode === undefined) return Promise.resolve();
    return (this.#declared ??= this.#lines.main.declare(
      this.#workspace,
      this.name,
      this.#mode,
      this.#capacity,
    ));
  }

  /**
   * Stores a value (V3), encoded as in C1 and C2. With `wait` it waits while a fifo with a capacity is full (V14); if its
   * `signal` or `timeout` ends the wait, nothing is stored.
   * @throws TypeError if it cannot be sent: a function, a symbol, a promise …; NwsError `full` if there is no room
   */
  async store(value: T, options: StoreOptions = {}): Promise<void> {
    checkOptions(VERB.store, options, STORE);
    const { wait = false } = options;
    const needless = wait
      ? undefined
      : (['signal', 'timeout'] as const).find((name) => options[name] !== undefined);
    if (needless !== undefined) throw typeError(USAGE.waitNeeded(needless));
    const metadata = metadataOf(options.metadata);
    const encoded = encodeValue(value);
    await this.declare();
    if (!wait)
      return void (await this.#lines.main.storeEncoded(this.#workspace, this.name, encoded, metadata));
    const what = `"${this.name}" had no room`;
    await this.#lines.wait(this.#workspace, what, options, (connection) =>
      connection.storeEncoded(this.#workspace, this.name, encoded, metadata, VERB.storeWait),
    );
  }

  /**
   * Stores bytes as a stream on a separate connection, so the memory does not depend on the size (P11).
   * @param value its `size` in bytes, and `bytes`: a Readable, a web stream, a generator … Without `size` the bytes are written
   *   to a temporary file first.
   * @throws RangeError if there are more or fewer bytes, and what `bytes` throws: then nothing is stored
   */
  async storeStream(value: StreamInit, options: StoreStreamOptions = {}): Promise<void> {
    checkOptions('storeStream', options, STORE_STREAM);
    const { metadata, type = 'bytes' } = options;
    await this.declare();
    const descriptor = type === 'bytes' ? BYTES_DESCRIPTOR : TEXT_DESCRIPTOR;
    const { size, bytes } = value;
    const spool = size === undefined ? await spooled(bytes) : undefined;
    const encoded = { descriptor, bytes: spool ?? { size: size ?? 0, bytes }, type };
    try {
      await this.#lines.lend(this.#workspace, (connection) =>
        connection.storeEncoded(this.#workspace, this.name, encoded, metadataOf(metadata)),
      );
    } catch (error) {
      spool?.bytes.destroy();
      throw error;
    }
  }

  /** Takes a value, or waits for one (V4). */
  fetch<F extends Form = 'value'>(options?: GetOptions<F>): Promise<Forms<T>[F]> {
    return this.#wait(VERB.fetch, options);
  }

  /**
   * Takes a value for a time, or waits for one (V13). It has a connection of its own while the lease lasts.
   * @throws NwsError if the variable gives none: it is a barrier, a time or a variable of a job
   */
  async take(options: TakeOptions): Promise<Lease<T>> {
    checkOptions(VERB.take, options, TAKE);
    const { lease, ...wait } = options;
    await this.declare();
    const what = `no value came to "${this.name}"`;
    return this.#lines.wait(this.#workspace, what, wait, async (connection, keep) => {
      const found = await connection.get(VERB.take, this.#workspace, this.name, { lease });
      let ended: () => void = IGNORE;
      keep(new Promise<void>((resolve) => (ended = resolve)));
      const number = found?.metadata.get(KEY.lease) ?? '';
      return new Lease(unsafeCast<Found<T>>(found), {
        connection,
        number,
        milliseconds: lease,
        ended: () => ended(),
      });
    });
  }

  /** Reads a value, or waits for one (V4). */
  find<F extends Form = 'value'>(options?: GetOptions<F>): Promise<Forms<T>[F]> {
    return this.#wait(VERB.find, options);
  }

  /**
   * Takes a value.
   * @returns undefined if there is none (V4)
   */
  fetchTry<F extends Form = 'value'>(options?: TryOptions<F>): Promise<Forms<T>[F] | undefined> {
    return this.#try(VERB.fetchTry, options);
  }

  /**
   * Reads a value.
   * @returns undefined if there is none (V4)
   */
  findTry<F extends Form = 'value'>(options?: TryOptions<F>): Promise<Forms<T>[F] | undefined> {
    return this.#try(VERB.findTry, options);
  }

  /**
   * Takes one value after another, and waits for more (V10). Each is taken on demand, so leaving the loop loses none.
   * @throws NwsError `not-iterable` at the second value of a lifo (V10.3)
   */
  ifetch<F extends Form = 'value'>(options?: GetOptions<F>): AsyncGenerator<Forms<T>[F], void, undefined> {
    return this.#each(VERB.ifetch, options);
  }

  /**
   * Reads each value once, and waits for more (V10). It skips values of a single that are replaced before it reads
   * them (V10.2).
   * @throws NwsError `not-iterable` at the second value of a lifo (V10.3)
   */
  ifind<F extends Form = 'value'>(options?: GetOptions<F>): AsyncGenerator<Forms<T>[F], void, undefined> {
    return this.#each(VERB.ifind, options);
  }

  /**
   * Takes the available values, one after another (V10).
   * @throws as `ifetch`
   */
  ifetchTry<F extends Form = 'value'>(options?: TryOptions<F>): AsyncGenerator<Forms<T>[F], void, undefined> {
    return this.#each(VERB.ifetchTry, options);
  }

  /**
   * Reads each of the available values (V10).
   * @throws as `ifind`
   */
  ifindTry<F extends Form = 'value'>(options?: TryOptions<F>): AsyncGenerator<Forms<T>[F], void, undefined> {
    return this.#each(VERB.ifindTry, options);
  }

  async #wait<F extends Form>(
    verb: GetVerb,
    options: GetOptions<F> = {},
    after?: After,
  ): Promise<Forms<T>[F]> {
    checkOptions(verb, options, GET);
    await this.declare();
    const what = `no value came to "${this.name}"`;
    const found = await this.#lines.wait(this.#workspace, what, options, (connection, keep) =>
      this.#get(connection, verb, options, after, keep),
    );
    return given<T, F>(found, options.as);
  }

  async #try<F extends Form>(
    verb: GetVerb,
    options: TryOptions<F> = {},
    after?: After,
  ): Promise<Forms<T>[F] | undefined> {
    checkOptions(verb, options, TRY);
    await this.declare();
    // A stream may take long, and its connection serves nothing else until it is read.
    const found =
      options.as === 'stream'
        ? await this.#lines.lend(this.#workspace, (connection, keep) =>
            this.#get(connection, verb, options, after, keep),
          )
        : await this.#get(this.#lines.main, verb, options, after);
    return found === undefined ? undefined : given<T, F>(found, options.as);
  }

  async #get(
    connection: NwsConnection,
    verb: GetVerb,
    { as, metadata }: TryOptions,
    after?: After,
    keep?: (until: Promise<unknown>) => void,
  ): Promise<Found | FoundStream | undefined> {
    const details = { metadata: metadataOf(metadata), after };
    if (as !== 'stream') return connection.get(verb, this.#workspace, this.name, details);
    const found = await connection.getStream(verb, this.#workspace, this.name, details);
    if (found !== undefined) keep?.(new Promise((resolve) => found.stream.once('close', resolve)));
    return found;
  }

  async *#each<F extends Form>(
    verb: GetVerb,
    options: GetOptions<F> = {},
  ): AsyncGenerator<Forms<T>[F], void, undefined> {
    const { as, ...others } = options;
    // The position of the iteration comes with each value, in every form.
    const form = as === 'stream' ? 'stream' : 'found';
    for (let after: After | undefined; ;) {
      const found: Forms<T>['found' | 'stream'] | undefined = verb.endsWith('Try')
        ? await this.#try(verb, { ...others, as: form }, after)
        : await this.#wait(verb, { ...others, as: form }, after);
      if (found === undefined) return;
      yield given<T, F>(found, as);
      after = found;
    }
  }
}

const IGNORE = (): void => undefined;

/** The position of an iteration (V10). */
type After = GetDetails['after'];

/** A value in the requested form. */
function given<T, F extends Form>(found: Found | FoundStream | undefined, as: F | undefined): Forms<T>[F] {
  return unsafeCast(as === undefined || as === 'value' ? found && 'value' in found && found.value : found);
}

/** @param init an object or a Map */
export function metadataOf(init: MetadataInit | undefined): Metadata {
  if (init === undefined) return NO_METADATA;
  return init instanceof Map ? init : new Map(Object.entries(init));
}
