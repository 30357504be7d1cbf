/** What a server sees of all partitions and servers at one moment. */
export interface Placement {
  /** The name of the owner of each partition, by its number; undefined if nobody owns it, or if the lease of its owner is over. */
  readonly owners: readonly (string | undefined)[];
  /** The names of the servers that may own partitions, with this one. */
  readonly live: ReadonlySet<string>;
  /** By partition: the names of the servers that could not use its data, and do not claim it for a while (D23). */
  readonly resting?: ReadonlyMap<number, ReadonlySet<string>> | undefined;
}

const NOBODY: ReadonlySet<string> = new Set();

/** What a server does about the partitions of all (D19). */
export interface Plan {
  /** The partitions without an owner that this server claims. */
  readonly claims: ReadonlySet<number>;
  /** A partition of this server that another one should have. */
  readonly surplus: number | undefined;
}

/** The numbers of two servers may differ by so many: not every number of partitions can be divided. */
const TOLERATED = 1;

/**
 * Servers that see the same come to plans that fit. Each partition without an owner has one server that claims it: one with the
 * fewest. If there is no such partition, one server with the most gives one up, if another has at least two fewer. Each of these steps makes
 * the sum of the squares of the numbers smaller, so they come to an end. A partition that no server can use at the moment is left alone,
 * and so is a server that could not use any of the partitions that it might be given.
 */
export function planFor(self: string, { owners, live, resting }: Placement): Plan {
  const counts = new Map([...live].toSorted().map((name) => [name, 0]));
  for (const owner of owners) {
    const count = owner === undefined ? undefined : counts.get(owner);
    if (owner !== undefined && count !== undefined) counts.set(owner, count + 1);
  }
  const mayClaim = (name: string, partition: number): boolean => resting?.get(partition)?.has(name) !== true;
  const claims = new Set<number>();
  let isDivided = true;
  for (const [partition, owner] of owners.entries()) {
    if (owner !== undefined) continue;
    const claimer = fewest(counts, resting?.get(partition));
    if (claimer === undefined) continue;
    const [name, count] = claimer;
    isDivided = false;
    counts.set(name, count + 1);
    if (name === self) claims.add(partition);
  }
  return { claims, surplus: isDivided ? surplusOf(self, owners, counts, mayClaim) : undefined };
}

function surplusOf(
  self: string,
  owners: Placement['owners'],
  counts: ReadonlyMap<string, number>,
  mayClaim: (name: string, partition: number) => boolean,
): number | undefined {
  const [giver, most] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one), ['', 0]);
  const [taker, least] = fewest(counts) ?? ['', most];
  if (giver !== self || most - least <= TOLERATED) return undefined;
  const given = owners.findLastIndex((owner, partition) => owner === self && mayClaim(taker, partition));
  return given < 0 ? undefined : given;
}

/** The first by name of those with the fewest. */
const fewest = (
  counts: ReadonlyMap<string, number>,
  resting = NOBODY,
): readonly [name: string, count: number] | undefined =>
  [...counts]
    .filter(([name]) => !resting.has(name))
    .reduce<readonly [string, number] | undefined>(
      (one, other) => (one === undefined || other[1] < one[1] ? other : one),
      undefined,
    );

/** The plans of one server, one after the other. */
export class Balance {
  readonly #self: string;
  readonly #patienceMs: number;
  /** When each partition without an owner was first seen without one. */
  readonly #unownedSince = new Map<number, number>();

  /** @param patienceMs a partition that nobody has claimed for so long is claimed by every server that sees it */
  constructor(self: string, patienceMs: number) {
    this.#self = self;
    this.#patienceMs = patienceMs;
  }

  /** @param now milliseconds of a monotonic clock */
  plan(placement: Placement, now: number): Plan {
    const { claims, surplus } = planFor(this.#self, placement);
    const all = new Set(claims);
    for (const [partition, owner] of placement.owners.entries())
      if (owner !== undefined) this.#unownedSince.delete(partition);
      else if (placement.resting?.get(partition)?.has(this.#self) === true) continue;
      else if (now - this.#seenUnowned(partition, now) > this.#patienceMs) all.add(partition);
    return { claims: all, surplus };
  }

  #seenUnowned(partition: number, now: number): number {
    const since = this.#unownedSince.get(partition) ?? now;
    this.#unownedSince.set(partition, since);
    return since;
  }
}
