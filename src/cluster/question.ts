import { once } from 'node:events';
import type { Socket } from 'node:net';
import { BOUNDS } from '../wire/bounds.ts';
import { fault } from '../wire/error-kind.ts';
import { opened } from './link-tls.ts';

/** Whom a server asks, and what. */
export interface Question {
  /** Connects to the other server. */
  readonly open: () => Socket;
  /** Only servers with the same store know it. */
  readonly secret: string;
  /** The name of the server that asks. */
  readonly name: string;
  /** A path with a query, such as `/overview`. */
  readonly path: string;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/**
 * Asks another server something about itself, for the page of the whole. The question takes the place of the partition in the
 * first line on the link; the answer is all that comes back.
 * @throws if it does not answer
 */
export async function askServer({ open, secret, name, path, signal }: Question): Promise<string> {
  const socket = open();
  const end = (): unknown => socket.destroy();
  socket.on('error', () => undefined);
  signal.addEventListener('abort', end);
  try {
    await once(socket, opened(socket), { signal });
    socket.write(`${secret} ${name} ${path}\n`);
    return await textFrom(socket);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function textFrom(socket: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of socket) {
    const bytes = Buffer.from(piece);
    size += bytes.length;
    if (size > BOUNDS.askedBytes.value) throw fault('the answer of a server is too large');
    pieces.push(bytes);
  }
  if (size === 0) throw fault('a server does not answer');
  return Buffer.concat(pieces).toString();
}

/** Whether the last word of a first line on the link is a question rather than a partition. */
export const isQuestion = (word: string): boolean => word.startsWith('/');
