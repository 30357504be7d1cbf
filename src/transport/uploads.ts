import type { Command } from '../core/commands.ts';
import type { FilePayload } from '../wire/payload.ts';
import type { Peer } from './peer.ts';
import type { TemporaryFiles } from './temporary-files.ts';

/** Writes large values to files as they arrive (P11). A client that sends faster than that is not read from. */
export class Uploads {
  readonly #files: TemporaryFiles;
  readonly #peers: ReadonlyMap<number, Peer>;
  /** The connection that sends each file, while it arrives. */
  readonly #senders = new Map<number, number>();

  /** @param peers the peers by the number of their connection */
  constructor(files: TemporaryFiles, peers: ReadonlyMap<number, Peer>) {
    this.#files = files;
    this.#peers = peers;
  }

  /** The number of files that are arriving. */
  get count(): number {
    return this.#senders.size;
  }

  /** The connection that sends it; 0 if the file is complete or discarded. */
  #senderOf({ file }: FilePayload): number {
    return this.#senders.get(file) ?? 0;
  }

  /** The connection that a command is for; 0 if it is for none. */
  connectionOf(command: Command): number {
    if ('connection' in command) return command.connection;
    return 'file' in command ? this.#senderOf(command.file) : 0;
  }

  open(file: FilePayload, connection: number): void {
    this.#senders.set(file.file, connection);
    this.#files.open(file);
  }

  write(file: FilePayload, bytes: Uint8Array): void {
    const peer = this.#peers.get(this.#senderOf(file));
    const goesOn = this.#files.write(file, bytes, () => peer?.resume('file'));
    if (!goesOn) peer?.hold('file');
  }

  /** @param written called when all of it is in its file, or with the reason why it cannot be kept */
  async finish(file: FilePayload, written: (error: string | undefined) => void): Promise<void> {
    const peer = this.#peers.get(this.#senderOf(file));
    // Requests after the value must wait for it, so the client is not read from.
    peer?.hold('finish');
    const error = await this.#files.finish(file);
    this.#senders.delete(file.file);
    written(error);
    peer?.resume('finish');
  }

  discard(file: FilePayload): void {
    this.#senders.delete(file.file);
    this.#files.discard(file);
  }
}
