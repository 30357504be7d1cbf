import type { FilePayload } from '../wire/payload.ts';
import type { FileSink } from '../wire/request.ts';
import type { CommandSink } from './command-sink.ts';

/** Writes the large values of one connection to files while they arrive, by commands (P11). */
export class IncomingFiles implements FileSink {
  readonly #sink: CommandSink;
  readonly #connection: number;

  constructor(sink: CommandSink, connection: number) {
    this.#sink = sink;
    this.#connection = connection;
  }

  open(size: number): FilePayload {
    const file = this.#sink.newFile(size);
    this.#sink.command({ type: 'openFile', connection: this.#connection, file });
    return file;
  }
  write(file: FilePayload, bytes: Uint8Array): void {
    this.#sink.command({ type: 'writeFile', file, bytes });
  }
  finish(file: FilePayload): void {
    this.#sink.command({ type: 'finishFile', connection: this.#connection, file });
  }
  discard(file: FilePayload): void {
    this.#sink.command({ type: 'discardFile', file });
  }
}
