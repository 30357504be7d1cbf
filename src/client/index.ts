/** Everything that programs import to use a server. It contains no code of the server. */
export { Barrier } from './workspace/barrier.ts';
export type { Progress } from './options/batch-options.ts';
export type { ServerAddress, TlsOptions } from './connection/server-address.ts';
export type { ConnectionOptions, Found, FoundStream, Origin } from './connection/connection.ts';
export {
  ConnectionLostError,
  NwsError,
  TimeoutError,
  type ConnectionLostCode,
  type NwsErrorCode,
} from './connection/errors.ts';
export {
  LaunchError,
  processes,
  threads,
  type Launched,
  type Launcher,
  type LaunchOrder,
} from './launchers/launcher.ts';
export { command } from './launchers/command.ts';
export { pythonWorkers, type PythonOptions } from './launchers/python-workers.ts';
export { ssh, type SshOptions } from './launchers/ssh.ts';
export type { OldSleighInfo, VariableInfo, WorkspaceInfo } from './workspace/listings.ts';
export { NetWorkSpace } from './workspace/net-work-space.ts';
export { TaskError } from './task/outcome.ts';
export type { Outcome, OutcomeError, OutcomeValue } from './task/outcomes.ts';
export type { ByteStream } from './connection/outgoing.ts';
export { pipeline, type Stage } from './master/pipeline.ts';
export { Scattered } from './master/scattered.ts';
export { Results, type ErrorHandling, type ResultOf } from './master/results.ts';
export type { NodeOptions, ResourceLimits } from './sentinel/node-flags.ts';
export { Sentinel, type SentinelOptions } from './sentinel/sentinel.ts';
export type { JobEndReason } from './master/job-end.ts';
export { Sleigh } from './master/sleigh.ts';
export { SleighPool } from './master/sleigh-pool.ts';
export type {
  CallListeners,
  EachElemOptions,
  EachWorkerOptions,
  ElementProgress,
  LaunchOptions,
  LogLine,
  OnDeadWorker,
  SleighOptions,
  SleighPoolOptions,
  CallOptions,
  SubmitOptions,
  TaskOptions,
} from './options/sleigh-options.ts';
export type { Retry } from './options/retry.ts';
export { SleighError, type SleighErrorCode } from './master/sleigh-error.ts';
export type { SleighStatus } from './master/sleigh-status.ts';
export {
  tasks,
  type Task,
  type TaskContext,
  type TaskFunction,
  type TaskLanguage,
  type Tasks,
} from './task/task.ts';
export type { OnAbort, TaskErrorCode } from './task/task-metadata.ts';
export { UnrecoverableError } from './task/unrecoverable-error.ts';
export { ForeignValue } from './values/foreign-value.ts';
export { Lease } from './workspace/lease.ts';
export { Lock } from './workspace/lock.ts';
export type { LockOptions } from './workspace/lock-options.ts';
export { Variable, type Mode } from './workspace/variable.ts';
export type {
  Form,
  Forms,
  GetOptions,
  MetadataInit,
  DeclareOptions,
  StoredWith,
  StoreOptions,
  StoreStreamOptions,
  StreamInit,
  TakeOptions,
  TryOptions,
  WorkspaceOptions,
} from './options/workspace-options.ts';
export type { WaitOptions } from './connection/waiting.ts';
export type { Metadata } from '../wire/payload.ts';
