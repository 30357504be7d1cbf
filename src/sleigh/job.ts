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

/** What the machines of a job command: its parts, each of which carries out some of it. */
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
  /** An actor was sent an event that its state has no place for. */
  reportUnexpected(actor: Actor, event: { readonly type: string }): void;
  /** An actor has failed, and the job with it. @param id of the actor, such as `worker.3` */
  fail(id: string, error: unknown): void;
}

const JOBS = new WeakMap<ActorSystem, Job>();

/** The actors of that system are the job's. */
export const ownJob = (system: ActorSystem, job: Job): void => void JOBS.set(system, job);

/**
 * The machines are bound once, for all jobs: what one of their actors commands is done by the job that it belongs to.
 * @throws when no job has that system
 */
export function jobOf(system: ActorSystem): Job {
  const job = JOBS.get(system);
  if (job === undefined)
    throw new Error('An actor of a job has a command, and no job owns its actor system.');
  return job;
}
