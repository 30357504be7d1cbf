import type { JobOptions } from '../sleigh/options.ts';
import type { Limits } from '../wire/limits.ts';
import type { Optional } from '../wire/with-defaults.ts';
import type { WorkspacePluginFactory } from '../workspace/workspace.ts';
import type { Credentials } from './gate.ts';
import type { JobPlugin } from './job-plugin.ts';

/** How the server listens, and its limits. */
export interface TcpOptions extends Credentials {
  /** Where the folder for large values is created (P11). The default is the system's temporary folder. */
  tmpDir?: string | undefined;
  /** The limits of the server (P12). */
  limits?: Optional<Limits> | undefined;
  /** The defaults for options of sleighs (S1). */
  sleigh?: Optional<JobOptions> | undefined;
  /**
   * Whether clients may stop the server with `deadman` or `KillServerOnClose` (P3). By default they may if only
   * programs of this host can connect.
   */
  deadman?: boolean | undefined;
  /** The days for which the page shows jobs that have ended. The default is 7; 0 keeps none. */
  historyDays?: number | undefined;
  /** Further types of workspaces, by their `wstype` (W9). */
  workspaceTypes?: Record<string, WorkspacePluginFactory> | undefined;
  /** Programs that are told what happens in the jobs of this server, and may take part (S30). */
  plugins?: readonly JobPlugin[] | undefined;
  /**
   * A file for the steps of all actors, one line of JSON for each. Tracing doubles the processor time or more. With `store` there is a
   * file for each epoch in which the server owns a partition: this name, a dot, the number of the partition if there are several and a dot, and
   * the epoch.
   */
  trace?: string | undefined;
  /**
   * Whether each step of each actor is checked against its machine while the server runs. A violation is logged with the
   * story of the actor, counted in `/metrics` and shown in the page.
   */
  verify?: boolean | undefined;
}
