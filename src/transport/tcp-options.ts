import type { JobOptions } from '../sleigh/options.ts';
import type { Limits } from '../wire/limits.ts';
import type { Optional } from '../wire/with-defaults.ts';
import type { WorkspaceKind } from '../workspace/workspace.ts';
import type { Credentials } from './gate.ts';

/** How the server listens, and what it allows. */
export interface TcpOptions extends Credentials {
  /** Where the folder for large values is made (P11); the system's temporary folder unless told. */
  tmpDir?: string | undefined;
  /** What the server takes at most (P12). */
  limits?: Optional<Limits> | undefined;
  /** What makers of sleighs do not choose themselves (S1). */
  sleigh?: Optional<JobOptions> | undefined;
  /**
   * Whether clients may stop the server, by `deadman` or `KillServerOnClose` (P3). Unless told they may where only programs
   * of this host can connect.
   */
  deadman?: boolean | undefined;
  /** Kinds of workspaces beside `sleigh`, by the `wstype` that asks for them (W9). */
  kinds?: Record<string, WorkspaceKind> | undefined;
  /** A file for what every chart does, a line of JSON a step; costs about as much again as the work itself. */
  trace?: string | undefined;
}
