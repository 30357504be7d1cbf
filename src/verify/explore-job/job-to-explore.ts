import type { DeathPolicy } from '../../machines/dead-worker-policy.ts';
import type { JobPolicy } from '../../sleigh/job-policy.ts';

/** The job that is explored, and the bounds of what its clients do. */
export interface JobToExplore {
  /** The rules that are explored. The default is those of the server. */
  readonly policy?: JobPolicy;
  /** The option of the job (S1). The default is `requeue`. */
  readonly onDeadWorker?: DeathPolicy;
  /** The option of the job (S1). The default is 2. */
  readonly maxAttempts?: number;
  /** The number of workers, on two hosts. One that dies comes again, under another rank. The default is 2. */
  readonly workers?: number;
  /** The number of tasks. Each has the metadata `taskHost`, one of the hosts. The default is 2. */
  readonly tasks?: number;
  /** How often workers die or fail a task, in all. The default is 2. */
  readonly failures?: number;
  /** The largest number of states. The default is 2,000. */
  readonly maxStates?: number;
}

/** A way to a state in which a property does not hold. */
export interface JobCounterexample {
  /** What should hold. */
  readonly property: string;
  /** What is wrong. */
  readonly what: string;
  /** The shortest way there, one step after the other. */
  readonly steps: readonly string[];
  /** The way as a Mermaid sequence diagram. */
  readonly diagram: string;
  /** All of it as a text, for the message of a test. */
  readonly text: string;
}

export interface JobExploration {
  /** The number of different states, and of steps between them. */
  readonly states: number;
  readonly transitions: number;
  /** The largest number of steps to a state. */
  readonly depth: number;
  /** Whether every state within the bounds was visited. */
  readonly isComplete: boolean;
  readonly counterexample: JobCounterexample | undefined;
}
