import type { AnyStateMachine } from 'xstate';
import { compiled } from '../actors/compiled.ts';
import { withStory } from '../actors/story.ts';
import type { PlacementMachine } from '../machines/policies/locality.ts';
import type { StragglersMachine } from '../machines/policies/speculation.ts';
import { isFailure } from './failures.ts';
import { jobOf } from './job.ts';
import { boundJoinPhase } from './join-phase-binding.ts';
import { boundRecovery } from './policy-binding.ts';
import { boundSentinel } from './sentinel-binding.ts';
import { boundShutdown } from './shutdown-binding.ts';
import { boundSleigh } from './sleigh-binding.ts';
import { boundWork } from './work-binding.ts';
import { boundWorker } from './worker-binding.ts';

/** All machines of a job, each bound to what it commands. */
export const BOUND = {
  sleigh: boundSleigh,
  joinPhase: boundJoinPhase,
  shutdown: boundShutdown,
  work: boundWork,
  worker: boundWorker,
  sentinel: boundSentinel,
  recovery: boundRecovery,
};
type Bound = typeof BOUND;

/** As the actors of a job run: the supervisor has its join phase and its shutdown in it. */
export type JobMachines = Pick<Bound, 'sleigh' | 'work' | 'worker' | 'sentinel' | 'recovery'> & {
  /** The server has none of its own: without one no task gets a second copy (S31). */
  readonly stragglers?: StragglersMachine | undefined;
  /** The server has none of its own: without one every worker may take each task (S32). */
  readonly placement?: PlacementMachine | undefined;
  /** The plugin whose policy is among them. */
  readonly policyBy?: string;
};

/** Those that only plugins bring. */
type Brought = Pick<JobMachines, 'stragglers' | 'placement'>;

/** @param changed machines that replace those of every job, for tests with faulty machines */
export function makeJobMachines(
  { isTraced }: { readonly isTraced: boolean },
  changed: Partial<Bound> & Brought = {},
): JobMachines {
  const bound: Bound & Brought = { ...BOUND, ...changed };
  /** Adds stories, the recording of failures, and the compiled table to a machine. */
  function run<Machine extends AnyStateMachine>(machine: Machine): Machine {
    const keeping = withStory(machine, { keeperOf: (system) => jobOf(system).stories, isFailure });
    // A trace needs every transition, which only the interpreter reports.
    return isTraced ? keeping : compiled(keeping);
  }
  return {
    sleigh: run(
      bound.sleigh.provide({ actors: { joinPhase: run(bound.joinPhase), shutdown: run(bound.shutdown) } }),
    ),
    work: run(bound.work),
    worker: run(bound.worker),
    sentinel: run(bound.sentinel),
    recovery: run(bound.recovery),
    stragglers: bound.stragglers && run(bound.stragglers),
    placement: bound.placement && run(bound.placement),
  };
}

let untraced: JobMachines | undefined;
let traced: JobMachines | undefined;

/** The machines of all jobs of this process, created when the first job needs them. */
export const jobMachines = ({ isTraced }: { readonly isTraced: boolean }): JobMachines =>
  isTraced ? (traced ??= makeJobMachines({ isTraced })) : (untraced ??= makeJobMachines({ isTraced }));
