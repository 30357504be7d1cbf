import { NO_METADATA, type Metadata } from '../../wire/payload.ts';
import type { RequestArguments } from './outgoing.ts';
import { toWire } from './text.ts';

/** The verbs that get a value (V4, V10, V13). */
export type GetVerb = `${'' | 'i'}${'fetch' | 'find'}${'' | 'Try'}` | `take${'' | 'Try'}`;

/** The arguments of a get besides workspace and variable. */
export interface GetDetails {
  readonly metadata?: Metadata | undefined;
  /** The position of an iteration (V10). */
  readonly after?: { readonly variableId: string; readonly index: number } | undefined;
  /** Milliseconds for which the value is taken (V13). */
  readonly lease?: number | undefined;
}

/** @returns the request of a get */
export function getRequest(
  verb: string,
  workspace: string,
  variable: string,
  { metadata = NO_METADATA, after, lease }: GetDetails,
): { args: RequestArguments; metadata: Metadata } {
  const names = [verb, toWire(workspace), toWire(variable)] as const;
  const position = after === undefined ? [] : [after.variableId, String(after.index)];
  const [more, last] = lease === undefined ? position : [String(lease)];
  const args: RequestArguments =
    more === undefined ? names : last === undefined ? [...names, more] : [...names, more, last];
  return { args, metadata: wireMetadata(metadata) };
}

/** Most metadata are the same on the wire, and are not copied then. */
export function mapMetadata(metadata: Metadata, of: (text: string) => string): Metadata {
  for (const [name, value] of metadata)
    if (of(name) !== name || of(value) !== value)
      return new Map([...metadata].map(([name, value]) => [of(name), of(value)]));
  return metadata;
}
export const wireMetadata = (metadata: Metadata): Metadata => mapMetadata(metadata, toWire);
