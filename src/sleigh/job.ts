import type { Actor } from '../actors/actor.ts';
import type { StoryKeeper } from '../actors/story-keeper.ts';
import type { ActorSystem } from '../machines/bind.ts';
import type { Steps } from '../workspace/steps.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Crew } from './crew.ts';
import type { Ending } from './ending.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { Joining } from './joining.ts';
import type { NamedTimers } from './named-timers.ts';
import type { JobOptions } from './options.ts';
import type { PendingRequests } from './pending-requests.ts';
import type { Recovery } from './recovery.ts';
import type { Registrations } from './registrations.ts';
import type { Work } from './work.ts';

/** The parts of a job that implement the actions of its machines. */
export interface Job {
  readonly workspace: Workspace;
  readonly options: JobOptions;
  readonly timers: NamedTimers;
  readonly requests: PendingRequests;
  readonly stories: StoryKeeper;
  readonly crew: Crew;
  readonly heartbeats: Heartbeats;
  readonly registrations: Registrations;
  readonly recovery: Recovery;
  readonly joining: Joining;
  readonly ending: Ending;
  readonly work: Work;
  /** Stores a text into an ordinary variable of the workspace. */
  announce(variable: string, text: string): void;
  inSteps(steps: Steps): void;
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
