/** What programs import to use a server; nothing of the server is in it. */
export { Barrier } from './barrier.ts';
export type { Progress } from './batch-options.ts';
export type { ServerAddress, TlsOptions } from './server-address.ts';
export type { ConnectionOptions, Found, FoundStream, Origin } from './connection.ts';
export {
  ConnectionLostError,
  NwsError,
  TimeoutError,
  type ConnectionLostCode,
  type NwsErrorCode,
} from './errors.ts';
export {
  LaunchError,
  processes,
  threads,
  type Launched,
  type Launcher,
  type LaunchOrder,
} from './launcher.ts';
export { command } from './launchers/command.ts';
export { ssh, type SshOptions } from './launchers/ssh.ts';
export type { OldSleighInfo, VariableInfo, WorkspaceInfo } from './listings.ts';
export { NetWorkSpace, type WorkspaceOptions } from './net-work-space.ts';
export { TaskError } from './outcome.ts';
export type { Outcome, OutcomeError, OutcomeValue } from './outcomes.ts';
export type { ByteStream } from './outgoing.ts';
export { Results, type ErrorHandling, type ResultOf } from './results.ts';
export { Sentinel, type SentinelOptions } from './sentinel.ts';
export { Sleigh } from './sleigh.ts';
export type {
  EachElemOptions,
  EachWorkerOptions,
  LaunchOptions,
  OnDeadWorker,
  SleighOptions,
  TaskOptions,
} from './sleigh-options.ts';
export { SleighError, type SleighErrorCode } from './sleigh-error.ts';
export type { SleighStatus } from './sleigh-status.ts';
export { tasks, type Task, type TaskContext, type TaskFunction, type Tasks } from './task.ts';
export type { OnAbort, TaskErrorCode } from './task-metadata.ts';
export { ForeignValue } from './values.ts';
export {
  Variable,
  type Form,
  type Forms,
  type GetOptions,
  type MetadataInit,
  type Mode,
  type StoreOptions,
  type StoreStreamOptions,
  type TryOptions,
} from './variable.ts';
export type { WaitOptions } from './waiting.ts';
export type { Metadata } from '../wire/payload.ts';
