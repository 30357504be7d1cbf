import type { FilePayload } from '../wire/payload.ts';
import type { EndedJob } from '../sleigh/ended-job.ts';
import type { JobEvent } from '../sleigh/job-event.ts';
import type { JobOperation } from '../sleigh/job-operation.ts';
import type { TraceStep } from '../trace/step.ts';
import type { LogLevel } from '../workspace/host.ts';

/**
 * All commands of the core. They are performed in order: each connection receives its bytes in the order of its
 * commands, and a discarded file stays readable for the sends before the command.
 */
export type Command =
  /** Bytes for a client: a string is Latin-1. */
  | { type: 'send'; connection: number; bytes: string | Uint8Array }
  /** The content of a file for a client. */
  | { type: 'sendFile'; connection: number; file: FilePayload }
  /** Starts TLS; `received` are bytes that have already arrived and belong to it. Answered by `secured`. */
  | { type: 'startTls'; connection: number; received: Uint8Array }
  /** Stops and resumes reading from a client that has sent more than can be handled at once (P14). */
  | { type: 'pause'; connection: number }
  | { type: 'resume'; connection: number }
  /** Asks for a `continued` event as soon as other events have had their turn. */
  | { type: 'continue' }
  /** Answered by `flushed` when the client has taken what was sent to it. */
  | { type: 'flush'; connection: number }
  /** Closes the connection when everything that was sent is out. */
  | { type: 'close'; connection: number }
  /** Makes a file of before a restart available, because a value needs it. Only when the server recovers. */
  | { type: 'restoreFile'; file: FilePayload }
  | { type: 'openFile'; connection: number; file: FilePayload }
  | { type: 'writeFile'; file: FilePayload; bytes: Uint8Array }
  /** Answered by `fileWritten`. */
  | { type: 'finishFile'; connection: number; file: FilePayload }
  | { type: 'discardFile'; file: FilePayload }
  /** Answered by `timerFired`, unless the timer is stopped before. */
  | { type: 'startTimer'; timer: number; milliseconds: number }
  | { type: 'stopTimer'; timer: number }
  | { type: 'log'; level: LogLevel; message: string; fields: Record<string, unknown> }
  /** A step of an actor, for traces. */
  | { type: 'trace'; step: TraceStep }
  /** What is worth keeping of a job that ends, for the page. */
  | { type: 'keepJob'; job: EndedJob }
  /** Something has happened in a job, for plugins (S30). */
  | { type: 'jobEvent'; event: JobEvent }
  /** An operation of a plugin was carried out, or refused for that reason. */
  | { type: 'operationEnded'; operation: number; reason: string | undefined }
  /** Stops the server, because a client requested it (P3). */
  | { type: 'stopServer' };

/** All events of the core. */
export type CoreEvent =
  /** `peer` is HOST:PORT, or a name for a connection from inside the process, which needs no authentication (P2.5). */
  | { type: 'connected'; connection: number; peer: string; isInside?: boolean }
  /** @param bytes the caller's buffer, valid only during this call */
  | { type: 'received'; connection: number; bytes: Buffer }
  | { type: 'secured'; connection: number }
  | { type: 'flushed'; connection: number }
  | { type: 'disconnected'; connection: number }
  | { type: 'continued' }
  | { type: 'fileWritten'; connection: number; error: string | undefined }
  | { type: 'timerFired'; timer: number }
  /** A plugin does something in a job (S30). Answered by `operationEnded`. */
  | { type: 'jobOperation'; operation: number; job: string; what: JobOperation }
  /** The server is about to stop: jobs shut down, and clients may continue for a while. */
  | { type: 'draining' }
  /** The server stops: jobs shut down, then connections are closed. */
  | { type: 'stopping' };
