import type { AnyStateMachine } from 'xstate';
import { compiled } from '../actors/compiled.ts';
import { withStory } from '../actors/story.ts';
import { isFailure } from './failures.ts';
import { jobOf } from './job.ts';
import { boundJoinPhase } from './join-phase-binding.ts';
import { boundSentinel } from './sentinel-binding.ts';
import { boundShutdown } from './shutdown-binding.ts';
import { boundSleigh } from './sleigh-binding.ts';
import { boundWorker } from './worker-binding.ts';

/** All machines of a job, each bound to what it commands. */
const BOUND = {
  sleigh: boundSleigh,
  joinPhase: boundJoinPhase,
  shutdown: boundShutdown,
  worker: boundWorker,
  sentinel: boundSentinel,
};
type Bound = typeof BOUND;

/** As the actors of a job run: the supervisor has its join phase and its shutdown in it. */
export type JobMachines = Pick<Bound, 'sleigh' | 'worker' | 'sentinel'>;

/** @param changed machines that take the place of those of every job: a test makes faulty ones */
export function makeJobMachines(
  { isTraced }: { readonly isTraced: boolean },
  changed: Partial<Bound> = {},
): JobMachines {
  const bound = { ...BOUND, ...changed };
  /** Its actors keep their stories, what goes wrong in them is noted, and steps come from a table. */
  function run<Machine extends AnyStateMachine>(machine: Machine): Machine {
    const keeping = withStory(machine, { keeperOf: (system) => jobOf(system).stories, isFailure });
    // Who traces wants to hear of each transition, which only the interpreter tells.
    return isTraced ? keeping : compiled(keeping);
  }
  return {
    sleigh: run(
      bound.sleigh.provide({ actors: { joinPhase: run(bound.joinPhase), shutdown: run(bound.shutdown) } }),
    ),
    worker: run(bound.worker),
    sentinel: run(bound.sentinel),
  };
}

let untraced: JobMachines | undefined;
let traced: JobMachines | undefined;

/** Those of all jobs of this process: they are made once, when the first job needs them. */
export const jobMachines = ({ isTraced }: { readonly isTraced: boolean }): JobMachines =>
  isTraced ? (traced ??= makeJobMachines({ isTraced })) : (untraced ??= makeJobMachines({ isTraced }));
