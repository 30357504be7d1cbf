import fc from 'fast-check';
import { BATCHES, type Step } from './job-play.ts';

const who = fc.nat({ max: 5 });
const waits = fc.boolean();
const batch = fc.constantFrom(...BATCHES);
const size = fc.constantFrom(0, 10, 5_000, 7_000);

const kinds: { weight: number; arbitrary: fc.Arbitrary<Step> }[] = [
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hire'), ranks: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('register'), who }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('askForTask'), who, waits }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('storeResult'), who }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('storeTask'), batch, size }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('storeBroadcast'), batch, size }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('askForResult'), who, batch, waits }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('askAlive'), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('askStatus', 'waitForWorkers'), delay: fc.nat({ max: 50 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('setMaximum'), spare: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'fireTimer' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('vanish'),
      party: fc.constantFrom('worker', 'worker', 'sentinel', 'master'),
      who,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reportDeath'), who }) },
];
/** One step of a job, of any kind except its end. */
export const anyStep = fc.oneof(...kinds);
