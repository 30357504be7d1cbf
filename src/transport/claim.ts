import { once } from 'node:events';
import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { STORED } from '../store/errors.ts';
import { plainError } from '../wire/error-kind.ts';

/** The longest path of a socket on the systems that have the shortest. */
const LONGEST_PATH = 103;

/** On Windows sockets are not files. */
const pathOf = (folder: string, name: string): string =>
  process.platform === 'win32' ? `\\\\?\\pipe\\${name}` : join(folder, name);

/**
 * Says for a folder that a process uses it: a socket in it that the process listens on. The socket cannot be connected to
 * any more when the process ends for any reason, and no clock or process id decides about that.
 */
export class Claim {
  /** The name of the socket. */
  readonly name: string;
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, name: string, server: Server) {
    this.#folder = folder;
    this.name = name;
    this.#server = server;
  }

  /** @throws if it cannot listen there */
  static async make(folder: string, id: string): Promise<Claim> {
    const name = `sleigh-${id}.socket`;
    const path = pathOf(folder, name);
    if (Buffer.byteLength(path) > LONGEST_PATH)
      throw plainError(STORED.longPath(folder, LONGEST_PATH - name.length - 1));
    const server = createServer((socket) => socket.destroy());
    server.listen(path);
    await once(server, 'listening');
    // The claim alone does not keep the process running.
    server.unref();
    return new Claim(folder, name, server);
  }

  /** Whether a process that runs has made the claim of that name. */
  static async isHeld(folder: string, name: string): Promise<boolean> {
    const socket = connect(pathOf(folder, name));
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      await unlink(pathOf(folder, name)).catch(() => undefined);
      return false;
    } finally {
      socket.destroy();
    }
  }

  /** Gives it up. */
  async release(): Promise<void> {
    this.#server.close();
    await unlink(pathOf(this.#folder, this.name)).catch(() => undefined);
  }
}
