import type { PatroniCluster } from '../bed/patroni.ts';
import type { Postgres } from '../../../test/support/postgres.ts';
import type { Fault } from './fault.ts';

const MOST_DOWN_MS = 300;

/** PostgreSQL restarts, as after a crash. */
export const crash = (postgres: Postgres): Fault => ({
  name: 'crash of the engine',
  inflict: ({ random }) => postgres.restart(random.whole(0, MOST_DOWN_MS)),
});

/** The primary and its Patroni are killed, and a standby takes over. */
export const failOver = (engine: PatroniCluster): Fault => ({
  name: 'failover of the engine',
  inflict: () => engine.failOver(),
});

/** A standby takes over in order. */
export const switchOver = (engine: PatroniCluster): Fault => ({
  name: 'switchover of the engine',
  inflict: () => engine.switchOver(),
});
