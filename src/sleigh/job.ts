import type { Actor } from '../actors/actor.ts';
import type { StoryKeeper } from '../actors/story-keeper.ts';
import type { ActorSystem } from '../machines/bind.ts';
import type { Steps } from '../workspace/steps.ts';
import type { Crew } from './crew.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { Intake } from './intake.ts';
import type { JobHost } from './job-host.ts';
import type { Joining } from './joining.ts';
import type { Recovery } from './recovery.ts';
import type { Policies } from './policy-actors.ts';
import type { Registrations } from './registrations.ts';
import type { Supervision } from './supervision.ts';
import type { Work } from './work.ts';

/** What the machines of a job command: its parts, each of which carries out some of it. */
export interface Job extends JobHost {
  readonly stories: StoryKeeper;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly crew: Crew;
  readonly heartbeats: Heartbeats;
  readonly registrations: Registrations;
  readonly recovery: Recovery;
  readonly joining: Joining;
  readonly intake: Intake;
  readonly supervision: Supervision;
  readonly work: Work;
  readonly policies: Policies;
  /** The number of fixed arguments so far (S11). */
  fixedArguments: number;
  /** One of its machines has failed: it does nothing any more, and refuses what it is asked. */
  readonly hasFailed: boolean;
  /** Stores a text into an ordinary variable of the workspace. */
  announce(variable: string, text: string): void;
  endEveryone(): Steps;
  /** Called when an actor receives an event that its state does not expect. */
  reportUnexpected(actor: Actor, event: { readonly type: string }): void;
  /**
   * Called when an actor has failed, and with it the job.
   * @param id the id of the actor, such as `worker.3`
   */
  fail(id: string, error: unknown): void;
}

const JOBS = new WeakMap<ActorSystem, Job>();

/** Assigns the actors of a system to a job. */
export const ownJob = (system: ActorSystem, job: Job): void => void JOBS.set(system, job);

/**
 * Finds the job of an actor's system. The machines are bound once for all jobs, so their implementations find the job
 * in this way.
 * @throws if no job has that system
 */
export function jobOf(system: ActorSystem): Job {
  const job = JOBS.get(system);
  if (job === undefined)
    throw new Error('An actor of a job has a command, and no job owns its actor system.');
  return job;
}
