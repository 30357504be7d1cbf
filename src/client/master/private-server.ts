import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { unsafeCast } from '../unsafe-cast.ts';
import { LaunchError } from '../launchers/launcher.ts';
import { packageFile } from '../package-file.ts';
import type { ServerAddress } from '../connection/server-address.ts';

const HOST = '127.0.0.1';
/** Of randomness in its token. */
const TOKEN_BYTES = 32;
/** Settings are for servers of which people know. */
const isSetting = (name: string): boolean => name.startsWith('NWS_') || name.startsWith('SLEIGH_');

/** What `sleigh serve --json` says, as far as it is needed here. */
interface Announcement {
  readonly port: number;
  readonly web: { readonly url: string } | null;
}

/** A server for one program alone, as a process beside it. */
export interface PrivateServer {
  /** With the token that it asks for (P2.5): only who is given this address gets in. */
  readonly address: ServerAddress;
  /** @returns when it has gone */
  close(): Promise<void>;
}

/**
 * Starts a server on a free port of this host. Every user of the host reaches that port, so the server asks for a random
 * token, which it is told over a pipe: neither its arguments nor its environment have it. Whoever uses the server says
 * `deadman` on one connection, so that it ends when that program does, however that comes about (P3).
 * @param onPage told where its web page is, on a free port of this host; without it there is none
 * @throws LaunchError when it does not start
 */
export async function startPrivateServer(onPage?: (url: string) => void): Promise<PrivateServer> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isSetting(name)));
  const page = onPage === undefined ? ['--no-web'] : ['--web-port', '0'];
  const listening = ['--host', HOST, '--port', '0', '--json', ...page];
  const program = fileURLToPath(packageFile('cli/main.js'));
  const args = [program, 'serve', ...listening, '--token-file', '-', '--log-level', 'silent'];
  // In a group of its own: the Ctrl-C of a terminal is for its user, who may have something left to do.
  const child = spawn(process.execPath, args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  await once(child, 'spawn').catch(notStarted);
  let said = '';
  let isStarting = true;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (isStarting) said += text;
    else process.stderr.write(text);
  });
  // One that has ended says so below.
  child.stdin.on('error', () => undefined);
  child.stdin.end(token);
  const ended = once(child, 'exit');
  const failed = once(child, 'close').then(() => notStarted(said));
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), failed]);
  failed.catch(() => undefined);
  isStarting = false;
  const { port, web } = unsafeCast<Announcement>(JSON.parse(String(line)));
  if (web !== null) onPage?.(web.url);
  return {
    address: { host: HOST, port, token },
    close: async () => {
      child.kill();
      await ended;
    },
  };
}

/** @param why what it said, or what kept it from being started */
function notStarted(why: unknown): never {
  const text = why instanceof Error ? why.message : messageIn(String(why).trim());
  throw new LaunchError(`the server of this job cannot be started: ${text}`);
}

/** Of a line of JSON; what is none came from elsewhere. */
function messageIn(line: string): string {
  try {
    return unsafeCast<{ readonly error: { readonly message: string } }>(JSON.parse(line)).error.message;
  } catch {
    return line === '' ? 'it ended without a word' : line;
  }
}
