import { isVerb, VERB, VERB_FORMS } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import { partitionOf } from '../wire/partition-of.ts';
import type { AskedRequest } from './request-queue.ts';

/** Which partition a request is for: its number, all of them, or any. The server that the client is connected to answers `front` itself. */
export type Destination = number | 'all' | 'any' | 'front';

/** @param home the partition for requests that name no workspace */
export function destinationOf(
  { request, refusal }: Pick<AskedRequest, 'request' | 'refusal'>,
  { home, partitions }: { readonly home: number; readonly partitions: number },
): Destination {
  const { verb, isEmpty, args } = request;
  if (refusal !== undefined || isEmpty || !isVerb(verb)) return 'any';
  const [first] = args;
  if (verb === VERB.endSession || (verb === VERB.listWss && first === undefined))
    return partitions === 1 ? home : 'all';
  if (verb === VERB.locateWs && args.length === VERB_FORMS[verb].arity[0]) return 'front';
  if (verb === VERB.endLease || verb === VERB.extendLease) return partitionOfLease(first ?? '', partitions);
  return VERB_FORMS[verb].names === 0 || first === undefined ? home : partitionOf(first, partitions);
}

/** The number of a lease says in which partition it is (D17). */
function partitionOfLease(text: string, partitions: number): number {
  const number = parseWhole(text) ?? 0;
  return Number.isSafeInteger(number) && number > 0 ? number % partitions : 0;
}
