import type { ActorRefFrom } from 'xstate';
import type { joinPhaseMachine } from '../machines/join-phase.ts';
import type { RecoveryMachine } from '../machines/policies/recovery.ts';
import type { PlacementMachine } from '../machines/policies/locality.ts';
import type { StragglersMachine } from '../machines/policies/speculation.ts';
import type { sentinelMachine } from '../machines/sentinel.ts';
import type { shutdownMachine } from '../machines/shutdown.ts';
import type { sleighMachine } from '../machines/sleigh.ts';
import type { workMachine } from '../machines/work.ts';
import type { workerMachine } from '../machines/worker.ts';
import type { Steps } from '../workspace/steps.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { NamedTimers } from './named-timers.ts';
import type { JobDeadlines } from './deadline-name.ts';
import type { EmitJobEvent } from './job-event.ts';
import type { JobChanges } from './job-changes.ts';
import type { JobOptions } from './options.ts';
import type { PendingRequests } from './pending-requests.ts';

/** What every part of a job has around it. A part that needs another part says so in an interface of its own. */
export interface JobHost {
  readonly workspace: Workspace;
  readonly options: JobOptions;
  readonly timers: NamedTimers;
  /** The timers that survive the server. */
  readonly deadlines: JobDeadlines;
  readonly requests: PendingRequests;
  /** Accepts the changes of what survives the server. */
  readonly changes: JobChanges;
  /** Those of which a part makes actors. */
  readonly machines: {
    readonly worker: typeof workerMachine;
    readonly sentinel: typeof sentinelMachine;
    readonly work: typeof workMachine;
    readonly recovery: RecoveryMachine;
    /** Undefined if no plugin brings one (S31). */
    readonly stragglers?: StragglersMachine | undefined;
    /** Undefined if no plugin brings one (S32). */
    readonly placement?: PlacementMachine | undefined;
    /** The plugin whose policy is among them (S30.3). */
    readonly policyBy?: string;
  };
  readonly supervisor: ActorRefFrom<typeof sleighMachine>;
  readonly joinPhase: ActorRefFrom<typeof joinPhaseMachine>;
  readonly shutdown: ActorRefFrom<typeof shutdownMachine>;
  /** Milliseconds. */
  readonly now: number;
  /** Tells plugins what happens; undefined when none listens (S30). */
  readonly emit: EmitJobEvent;
  /** The record of the job itself has changed: its machines or its counters. */
  changed(): void;
  /** Does what takes long in its turn with others (P14). */
  inSteps(steps: Steps): void;
}
