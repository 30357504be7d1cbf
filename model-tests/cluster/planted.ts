/** One change of the built server. */
export interface Planted {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Servers with one change, each of which must be found by what it breaks. */
export const PLANTED = {
  releasesWhenFenced: {
    what: 'sends what waited to become durable when it learns that it is fenced (D9)',
    file: 'transport/durability.js',
    from: 'this.#performer.failed(error);',
    to: 'this.#performer.perform(this.#inFlight?.commands ?? []); this.#performer.perform(this.#next.commands); this.#performer.failed(error);',
  },
  ignoresEpoch: {
    what: 'commits whatever the epoch is (D9)',
    file: 'cluster/partition.js',
    from: 'WHERE partition = $1 AND epoch = $2 AND head = $3 RETURNING head)',
    to: 'WHERE partition = $1 AND ($2::bigint IS NOT NULL) AND ($3::bigint IS NOT NULL) RETURNING head)',
  },
  repliesBeforeCommit: {
    what: 'replies before it commits (D2)',
    file: 'transport/durability.js',
    from: 'const isTouched = this.#core.isTouched;',
    to: 'const isTouched = false;',
  },
  forgetsFetches: {
    what: 'forgets to record that a value was taken (D3)',
    file: 'workspace/variable-record.js',
    from: 'changes.delete(this.#keyOf(number));',
    to: '{}',
  },
  forgetsPlaces: {
    what: 'forgets to record that a task is with a worker (D8)',
    file: 'sleigh/task-records.js',
    from: "this.#changes.delete(['place', number]);",
    to: '{}',
  },
  claimsLate: {
    what: 'claims only when the lease of the owner has been over for three seconds',
    file: 'cluster/partition-server.js',
    from: 'if (leaseMs <= 0)',
    to: 'if (leaseMs <= -3_000)',
  },
} as const satisfies Readonly<Record<string, Planted>>;

/** Environment variables with which a built server has a planted fault. */
export const planted = (mutant: Planted): Readonly<Record<string, string>> => ({
  MUTANT: JSON.stringify(mutant),
  NODE_OPTIONS: `--import=${new URL('../paths/mutant.mjs', import.meta.url).href}`,
});
