import { bulk } from './bulk.mjs';
import { charts } from './charts.mjs';
import { durable } from './durable.mjs';
import { fanout } from './fanout.mjs';
import { farm } from './farm.mjs';
import { front } from './front.mjs';
import { latency } from './latency.mjs';
import { manyNames } from './many-names.mjs';
import { manyTasks } from './many-tasks.mjs';
import { manyWorkers } from './many-workers.mjs';
import { pairs } from './pairs.mjs';
import { restarts } from './restart.mjs';
import { verification } from './verification.mjs';
import { viewer } from './viewer.mjs';

/**
 * A scenario: its `name`, a description in `about`, and `run`, which measures on a bed and returns figures. One that `needsStore` is
 * left out without the address of a PostgreSQL.
 */
export const scenarios = [
  pairs,
  farm,
  latency,
  fanout,
  charts,
  durable,
  restarts,
  bulk,
  manyWorkers,
  manyTasks,
  manyNames,
  verification,
  viewer,
  front,
];
