import type { ActorOptions } from 'xstate';
import type { connectionMachine } from '../machines/connection.ts';
import type { StoryKeeper } from '../actors/story-keeper.ts';
import type { Terms } from '../wire/handshake.ts';
import type { Steps } from '../workspace/steps.ts';
import type { ServerAccounting } from '../workspace/storage-accounting.ts';
import type { Host } from '../workspace/workspace.ts';
import type { Workspaces } from '../workspace/workspaces.ts';
import type { Audit } from './audit.ts';
import type { CommandSink } from './command-sink.ts';

/** The part of the core that a connection uses. */
export interface ConnectionHost extends CommandSink, Host {
  readonly terms: Terms;
  readonly accounting: ServerAccounting;
  readonly workspaces: Workspaces;
  readonly mayBeStopped: boolean;
  readonly audit: Audit;
  readonly connectionChart: typeof connectionMachine;
  /** Keeps the stories of all connections. */
  readonly stories: StoryKeeper;
  /** Whether the time for the current event is up (P14). */
  readonly isTimeUp: boolean;
  /** The options that a connection is offered (P2.1, P2.5). */
  termsOf(connection: number): Terms;
  /** The actor system that the actor of a connection belongs to. */
  systemOf(scope: string): Pick<ActorOptions<typeof connectionMachine>, 'parent' | 'inspect'>;
  inSteps(steps: Steps): void;
  /** Runs a function whose failure must not prevent those after it. An error is logged. */
  contained(act: () => void): void;
}
