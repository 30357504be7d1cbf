import type { ActorOptions } from 'xstate';
import type { connectionMachine } from '../machines/connection.ts';
import type { StoryKeeper } from '../actors/story-keeper.ts';
import type { Host } from '../workspace/host.ts';
import type { Workspaces } from '../workspace/workspaces.ts';
import type { DepartureHost } from './departure.ts';

/** The part of the core that a session uses. */
export interface SessionHost extends Host, DepartureHost {
  readonly workspaces: Workspaces;
  readonly mayBeStopped: boolean;
  /** Whether the current event has read or changed what survives the server. */
  readonly isTouched: boolean;
  /** Keeps the stories of all connections and sessions. */
  readonly stories: StoryKeeper;
  /** The actor system that the actor of a connection or a session belongs to. */
  systemOf(scope: string): Pick<ActorOptions<typeof connectionMachine>, 'parent' | 'inspect'>;
}
