import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ServerAddress } from './server-address.ts';

/** The package's own command; it is there from `src/client` as well as from `dist/client`. */
const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const HOST = '127.0.0.1';

/** A server for one program alone, as a process beside it. */
export interface PrivateServer {
  readonly address: ServerAddress;
  /** @returns when it has gone */
  close(): Promise<void>;
}

/**
 * Starts a server on a free port of this host. Whoever uses it says `deadman` on a connection of his, so that it goes
 * when he does, however he ends (P3).
 * @throws when it does not start; it says itself why, on standard error
 */
export async function startPrivateServer(): Promise<PrivateServer> {
  // Settings are for servers of which people know.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NWS_')));
  const args = [COMMAND, 'serve', '--host', HOST, '--port', '0', '--log-level', 'silent'];
  // In a group of its own: the Ctrl-C of a terminal is for its user, who may have something left to do.
  const child = spawn(process.execPath, args, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const failed = ended.then(() => Promise.reject(new Error('the private server ended before it listened')));
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), failed]);
  failed.catch(() => undefined);
  return {
    address: { host: HOST, port: Number(String(line).split(':').at(-1)) },
    close: async () => {
      child.kill();
      await ended;
    },
  };
}
