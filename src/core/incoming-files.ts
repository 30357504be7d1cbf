import type { FilePayload } from '../wire/payload.ts';
import type { FileSink } from '../wire/request.ts';
import type { Core } from './core.ts';

/** Where the large values of one connection go while they come in: out, as commands (P11). */
export class IncomingFiles implements FileSink {
  readonly #core: Core;
  readonly #connection: number;

  constructor(core: Core, connection: number) {
    this.#core = core;
    this.#connection = connection;
  }

  open(size: number): FilePayload {
    const file = this.#core.newFile(size);
    this.#core.command({ type: 'openFile', connection: this.#connection, file });
    return file;
  }
  write(file: FilePayload, bytes: Uint8Array): void {
    this.#core.command({ type: 'writeFile', file, bytes });
  }
  finish(file: FilePayload): void {
    this.#core.command({ type: 'finishFile', connection: this.#connection, file });
  }
  discard(file: FilePayload): void {
    this.#core.command({ type: 'discardFile', file });
  }
}
