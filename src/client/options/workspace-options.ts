import type { Metadata } from '../../wire/payload.ts';
import type { ConnectionOptions } from '../connection/channel.ts';
import type { Found, FoundStream, OpenOptions } from '../connection/connection.ts';
import type { WaitOptions } from '../connection/waiting.ts';

/** Names and values that go with a request, a value or a reply; as an object or a Map. */
export type MetadataInit = Metadata | Readonly<Record<string, string>>;

/** Which server, and how the workspace is opened there. */
export interface WorkspaceOptions extends ConnectionOptions, Omit<OpenOptions, 'metadata'> {
  /** `wstype` and the options of that kind (W9, S1). */
  readonly metadata?: MetadataInit | undefined;
}

/** What a get gives, by the name of its `as`. */
export interface Forms<T> {
  /** The value, decoded (C1-C3). */
  value: T;
  /** The value with its metadata, descriptor and number. */
  found: Found<T>;
  /** The same with the bytes as a Readable: nothing of them is held in memory, however many there are. */
  stream: FoundStream;
}

export type Form = keyof Forms<unknown>;

export interface TryOptions<F extends Form = Form> {
  /** What is given: `value` unless told. */
  readonly as?: F | undefined;
  /** Goes with the request; a job's variables read it. */
  readonly metadata?: MetadataInit | undefined;
}

export interface GetOptions<F extends Form = Form> extends TryOptions<F>, WaitOptions {}

export interface StoreOptions {
  /** Goes with the value, and comes back with it (V3). */
  readonly metadata?: MetadataInit | undefined;
}

export interface StoreStreamOptions extends StoreOptions {
  /** What the bytes are: `bytes` unless told; `text` and `json` in UTF-8, which nobody checks (C1). */
  readonly type?: 'bytes' | 'text' | 'json' | undefined;
}
