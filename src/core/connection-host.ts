import type { ActorOptions } from 'xstate';
import type { connectionMachine } from '../machines/connection.ts';
import type { StoryKeeper } from '../actors/story-keeper.ts';
import type { Terms } from '../wire/handshake.ts';
import type { Steps } from '../workspace/steps.ts';
import type { ServerHoldings } from '../workspace/storage-accounting.ts';
import type { Host } from '../workspace/workspace.ts';
import type { Workspaces } from '../workspace/workspaces.ts';
import type { Audit } from './audit.ts';
import type { CommandSink } from './command-sink.ts';

/** What a connection uses of the core. */
export interface ConnectionHost extends CommandSink, Host {
  readonly terms: Terms;
  readonly holdings: ServerHoldings;
  readonly workspaces: Workspaces;
  readonly mayBeStopped: boolean;
  readonly audit: Audit;
  readonly connectionChart: typeof connectionMachine;
  /** Keeps the stories of all connections. */
  readonly stories: StoryKeeper;
  /** Whether the time for the event at hand is up (P14). */
  readonly isTimeUp: boolean;
  /** What a connection is offered (P2.1, P2.5). */
  termsOf(connection: number): Terms;
  /** The actor system that the actor of a connection belongs to. */
  systemOf(scope: string): Pick<ActorOptions<typeof connectionMachine>, 'parent' | 'inspect'>;
  inSteps(steps: Steps): void;
  /** Does one of several things that all have to be done. An error is logged. */
  contained(act: () => void): void;
}
