import type { FilePayload } from '../wire/payload.ts';
import type { TraceStep } from '../trace/step.ts';
import type { LogLevel } from '../workspace/workspace.ts';

/**
 * All that the core can ask of the world outside. They are carried out in order; in particular what is sent to one
 * connection arrives in the order of its commands, and a file that is discarded stays readable for what was sent of it
 * before.
 */
export type Command =
  /** Bytes for a client: a string is Latin-1. */
  | { type: 'send'; connection: number; bytes: string | Uint8Array }
  /** The content of a file for a client. */
  | { type: 'sendFile'; connection: number; file: FilePayload }
  /** TLS begins; `received` are bytes that have come already and belong to it. Answered by `secured`. */
  | { type: 'startTls'; connection: number; received: Uint8Array }
  /** Nothing is to be read from the client for now, and read again: it is busy with what it has said (P14). */
  | { type: 'pause'; connection: number }
  | { type: 'resume'; connection: number }
  /** There is more to do: answered by `continued`, as soon as others have had their turn. */
  | { type: 'continue' }
  /** Answered by `flushed` when the client has taken what was sent to it. */
  | { type: 'flush'; connection: number }
  /** The connection ends when all that was sent is out. */
  | { type: 'close'; connection: number }
  | { type: 'openFile'; connection: number; file: FilePayload }
  | { type: 'writeFile'; file: FilePayload; bytes: Uint8Array }
  /** Answered by `fileWritten`. */
  | { type: 'finishFile'; connection: number; file: FilePayload }
  | { type: 'discardFile'; file: FilePayload }
  /** Answered by `timerFired`, unless stopped before. */
  | { type: 'startTimer'; timer: number; milliseconds: number }
  | { type: 'stopTimer'; timer: number }
  | { type: 'log'; level: LogLevel; message: string; fields: Record<string, unknown> }
  /** What an actor did, for whoever follows the charts. */
  | { type: 'trace'; step: TraceStep }
  /** A client asked for it (P3). */
  | { type: 'stopServer' };

/** All that the world outside tells the core. */
export type CoreEvent =
  /** `peer` is HOST:PORT, or a name for one that comes from inside of the process, of whom nothing is asked (P2.5). */
  | { type: 'connected'; connection: number; peer: string; isInside?: boolean }
  /** @param bytes the caller's buffer, valid only during this call */
  | { type: 'received'; connection: number; bytes: Buffer }
  | { type: 'secured'; connection: number }
  | { type: 'flushed'; connection: number }
  | { type: 'disconnected'; connection: number }
  | { type: 'continued' }
  | { type: 'fileWritten'; connection: number; error: string | undefined }
  | { type: 'timerFired'; timer: number }
  /** The server is about to stop: jobs are told, and clients may go on for a while. */
  | { type: 'draining' }
  /** The server stops: jobs are told, then connections closed. */
  | { type: 'stopping' };
