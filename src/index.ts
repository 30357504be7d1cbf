/** The package as a library: the server, and everything that programs import to use one. */
export * from './client/index.ts';
export { createServer, type Server, type ServerOptions, type WebAddress, type WebOptions } from './server.ts';
export type { Credentials } from './transport/gate.ts';
export type { Limits } from './wire/limits.ts';
export { DEFAULT_LIMITS } from './wire/limits.ts';
export type { JobOptions, Join } from './sleigh/options.ts';
export type { JobControl, JobOutcome, JobPlugin } from './transport/job-plugin.ts';
export { localityByHost, requeueWithBackoff, speculativeCopies } from './sleigh/ready-policies.ts';
export type { BackoffOptions } from './machines/policies/backoff-options.ts';
export type { LocalityOptions } from './machines/policies/locality-options.ts';
export type { SpeculationOptions } from './machines/policies/speculation-options.ts';
export type { QueuedTask, RunningTask } from './machines/policies/policy-tasks.ts';
export type { JobPolicy, PolicyMachine } from './sleigh/job-policy.ts';
export type { Unfinished } from './machines/dead-worker-policy.ts';
export type { JobEvent, JobHappening, JobTask, JobValue } from './sleigh/job-event.ts';
export type { GivenValue, JobWorker } from './sleigh/job-operation.ts';
export type { DeathPolicy } from './machines/dead-worker-policy.ts';
export type { WorkspacePlugin, Workspace, WorkspacePluginFactory } from './workspace/workspace.ts';
