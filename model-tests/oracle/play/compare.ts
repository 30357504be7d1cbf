import { isDeepStrictEqual } from 'node:util';
import type { Reply as Got } from '../../../src/verify/client-codec.ts';
import { isRefusal, isWhole, type Reply } from '../model/replies.ts';
import type { Variable } from '../model/variable.ts';
import type { ProtocolClient } from '../../../src/verify/protocol-client.ts';

/** The ids that the server has given to variables: one each, and never the same twice (V9). */
export class Identities {
  readonly #ids = new Map<Variable, string>();

  idOf(variable: Variable | undefined): string {
    return (variable && this.#ids.get(variable)) ?? 'some other';
  }

  /** @returns whether the variable may have that id */
  agree(variable: Variable, id: string): boolean {
    const known = this.#ids.get(variable);
    if (known !== undefined) return known === id;
    if ([...this.#ids.values()].includes(id)) return false;
    this.#ids.set(variable, id);
    return id.length === 20;
  }
}

/** The numbers of leases that the server has given, none of them twice (D20). */
export class LeaseNumbers {
  readonly #given = new Set<string>();

  /** @returns whether a lease may have it */
  agree(number: string | undefined): boolean {
    const isNew = number !== undefined && isWhole(number) && !this.#given.has(number);
    if (number !== undefined) this.#given.add(number);
    return isNew;
  }
}

/** S18: the server chooses the numbers of tasks, as long as they increase. */
function withoutNumber({ numbers }: Reply, metadata: Got['metadata'], found: string[]): Got['metadata'] {
  if (numbers === undefined) return metadata;
  const { nwsTask, ...rest } = metadata;
  if (!(Number(nwsTask) > numbers.number))
    found.push(`the number of the task must be over ${numbers.number} and is ${nwsTask}`);
  numbers.number = Number(nwsTask);
  return rest;
}

/** V13: the server chooses the number of a lease, which the model learns. */
function withoutLease({ lease }: Reply, metadata: Got['metadata'], numbers: LeaseNumbers, found: string[]) {
  if (lease === undefined) return metadata;
  const { nwsLease, ...rest } = metadata;
  if (!numbers.agree(nwsLease)) found.push(`the number of the lease must be a new one and is ${nwsLease}`);
  lease.number = nwsLease;
  return rest;
}

/**
 * The differences from the model.
 * @param tcp what the client has negotiated
 */
export function differences(
  wanted: Reply,
  got: Got,
  tcp: Pick<ProtocolClient, 'getsMetadata' | 'getsCookies'>,
  identities: Identities,
  leases = new LeaseNumbers(),
): string[] {
  const found: string[] = [];
  const compare = (what: string, a: unknown, b: unknown): void => {
    if (!isDeepStrictEqual(a, b))
      found.push(`${what} must be ${JSON.stringify(a)} and is ${JSON.stringify(b)}`);
  };
  compare('status', wanted.status, got.status);
  if (isRefusal(wanted) || isRefusal(got)) {
    const { reasons } = wanted;
    if (tcp.getsMetadata && reasons?.includes(got.reason) === false) compare('reason', reasons, got.reason);
    if (got.descriptor !== undefined)
      compare('what is left of a refused get (P7.1)', [0, ''], [got.descriptor, got.value]);
    return found;
  }
  if (tcp.getsMetadata && wanted.metadata !== undefined)
    compare(
      'metadata',
      wanted.metadata,
      withoutLease(wanted, withoutNumber(wanted, got.metadata, found), leases, found),
    );
  if (wanted.value instanceof RegExp) {
    if (!wanted.value.test(got.value ?? ''))
      found.push(`the value must match ${wanted.value} and is ${JSON.stringify(got.value)}`);
  } else if (wanted.value !== undefined) compare('value', wanted.value, got.value ?? '');
  if (wanted.descriptor !== undefined) compare('descriptor', wanted.descriptor, got.descriptor);
  if (!tcp.getsCookies) return found;
  if (wanted.index !== undefined) compare('index', wanted.index, got.index);
  if (wanted.from === null) compare('variable id', '', got.variableId);
  if (wanted.from && !identities.agree(wanted.from, got.variableId ?? ''))
    found.push(`the variable id is not that of "${wanted.from.name}": ${got.variableId}`);
  return found;
}
