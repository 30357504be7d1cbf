import type { Metadata } from '../../wire/payload.ts';
import type { ConnectionOptions } from '../connection/channel-options.ts';
import type { Found, FoundStream, OpenOptions } from '../connection/connection.ts';
import type { WaitOptions } from '../connection/waiting.ts';

/** The metadata of a request, a value or a reply, as an object or a Map. */
export type MetadataInit = Metadata | Readonly<Record<string, string>>;

/** The server, and how the workspace is opened there. */
export interface WorkspaceOptions extends ConnectionOptions, Omit<OpenOptions, 'metadata'> {
  /** `wstype` and the options of that type (W9, S1). */
  readonly metadata?: MetadataInit | undefined;
}

/** The results of a get, by the value of its option `as`. */
export interface Forms<T> {
  /** The decoded value (C1-C3). */
  value: T;
  /** The value with its metadata, descriptor and number. */
  found: Found<T>;
  /** The same with the bytes as a Readable, without keeping them in memory. */
  stream: FoundStream;
}

export type Form = keyof Forms<unknown>;

export interface TryOptions<F extends Form = Form> {
  /** The form of the result. The default is `value`. */
  readonly as?: F | undefined;
  /** The metadata of the request, which job variables read. */
  readonly metadata?: MetadataInit | undefined;
}

export interface GetOptions<F extends Form = Form> extends TryOptions<F>, WaitOptions {}

export interface TakeOptions extends WaitOptions {
  /** Milliseconds after which the value returns, unless the lease is extended: a whole number of at least 1. */
  readonly lease: number;
}

/** What a value is stored with. */
export interface StoredWith {
  /** The metadata that are stored with the value (V3). */
  readonly metadata?: MetadataInit | undefined;
}

export interface StoreOptions extends StoredWith, WaitOptions {
  /**
   * Whether it waits while the fifo holds as many values as its capacity (V14). The default is false: then it is refused as
   * `full`. `signal` and `timeout` end the wait, and need it.
   */
  readonly wait?: boolean | undefined;
}

/** How a variable is declared. */
export interface DeclareOptions {
  /** How many values a fifo holds at most, with the leased ones (V14): a whole number of at least 1. The default is no limit. */
  readonly capacity?: number | undefined;
}

/** A value that is stored as a stream. */
export interface StreamInit {
  /** The size in bytes, if it is known. */
  readonly size?: number | undefined;
  /** A Readable, a web stream, a generator … */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface StoreStreamOptions extends StoredWith {
  /** The form of the bytes. The default is `bytes`; `text` and `json` are UTF-8, which is not checked (C1). */
  readonly type?: 'bytes' | 'text' | 'json' | undefined;
}
