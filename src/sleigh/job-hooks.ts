import type { Workspace } from '../workspace/workspace.ts';
import type { OnJobEnd } from './ended-job.ts';
import type { EmitJobEvent, JobEvent } from './job-event.ts';

/** What others want to hear of every job of a server. */
export interface JobHooks {
  /** Given what is worth keeping of each job that ends. */
  readonly onEnd?: OnJobEnd | undefined;
  /** Given everything that happens in each job (S30). Without it, events are not even made. */
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
}

/** Adds the name of the job and the time to its events. */
export const emitterOf = ({ name, host }: Workspace, { onEvent }: JobHooks): EmitJobEvent =>
  onEvent && ((event) => onEvent({ ...event, job: name, time: host.clock() }));
