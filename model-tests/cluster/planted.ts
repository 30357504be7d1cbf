import type { ServerFault } from '../world/faulty-server.ts';

/** One change of the server. */
export interface Planted extends ServerFault {
  readonly what: string;
}

/** Servers with one change, each of which must be found by what it breaks. */
export const PLANTED = {
  releasesWhenFenced: {
    what: 'sends what waited to become durable when it learns that it is fenced (D9)',
    file: 'src/transport/durability.ts',
    from: 'this.#performer.failed(error);',
    to: 'this.#performer.perform(this.#inFlight?.commands ?? []); this.#performer.perform(this.#next.commands); this.#performer.failed(error);',
  },
  ignoresEpoch: {
    what: 'commits whatever the epoch is (D9)',
    file: 'src/cluster/partition.ts',
    from: 'WHERE partition = $1 AND epoch = $2 AND head = $3 RETURNING head)',
    to: 'WHERE partition = $1 AND ($2::bigint IS NOT NULL) AND ($3::bigint IS NOT NULL) RETURNING head)',
  },
  repliesBeforeCommit: {
    what: 'replies before it commits (D2)',
    file: 'src/transport/durability.ts',
    from: 'const isTouched = this.#core.isTouched;',
    to: 'const isTouched = false;',
  },
  forgetsFetches: {
    what: 'forgets to record that a value was taken (D3)',
    file: 'src/workspace/variable-record.ts',
    from: 'changes.delete(this.#keyOf(number));',
    to: '{}',
  },
  forgetsPlaces: {
    what: 'forgets to record that a task is with a worker (D8)',
    file: 'src/sleigh/task-records.ts',
    from: "this.#changes.delete(['place', number]);",
    to: '{}',
  },
  claimsLate: {
    what: 'claims only when the lease of the owner has been over for three seconds',
    file: 'src/cluster/partition-server.ts',
    from: 'if (leaseMs <= 0)',
    to: 'if (leaseMs <= -3_000)',
  },
} as const satisfies Readonly<Record<string, Planted>>;
