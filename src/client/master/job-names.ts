import type { SleighOptions } from '../options/sleigh-options.ts';
import type { Platform } from '../platform.ts';
import type { PrivateServer } from './private-server.ts';

/** How a job and what its master stores there are called. */
export interface JobNames {
  readonly workspace: string;
  readonly mailbox: string;
  /** @returns an id for another batch */
  readonly nextBatch: () => string;
}

/** What a master has when it begins a job, or takes part in one. */
export interface JobBeginning {
  readonly names: JobNames;
  /** Its own server, if it has started one. */
  readonly server: PrivateServer | undefined;
  /** Whether another master has started the job. */
  readonly isGuest: boolean;
}

/** The workspace belongs to the connection that owns it (W6), so its name must be unique, unless the program names it. */
export function jobNames({ name, label = 'sleigh' }: SleighOptions, platform: Platform): JobNames {
  const { hostname, pid } = platform;
  const id = platform.secret().slice(0, 8);
  let batches = 0;
  if (name === undefined)
    return {
      workspace: `${label} ${hostname} ${pid} ${id}`,
      mailbox: 'master',
      nextBatch: () => String(++batches),
    };
  // Other masters use the same job, or have used it.
  return { workspace: name, mailbox: `master ${id}`, nextBatch: () => `${id} ${++batches}` };
}
