import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SleighOptions } from '../options/sleigh-options.ts';
import { unrefChild } from '../sentinel/child.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { LaunchError } from '../launchers/launcher.ts';
import { packageFile } from '../package-file.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import { LAUNCH } from '../errors/job.ts';

const HOST = '127.0.0.1';
/** The number of random bytes of its token. */
const TOKEN_BYTES = 32;
/** Environment variables with settings apply only to servers that people start. */
const isSetting = (name: string): boolean => name.startsWith('NWS_') || name.startsWith('SLEIGH_');

/** The options of a job that concern its server. */
type PrivateServerOptions = Pick<SleighOptions, 'onPage' | 'unref'>;

/** The part of the output of `sleigh serve --json` that is used here. */
interface Announcement {
  readonly port: number;
  readonly web: { readonly url: string } | null;
}

/** A server for one program only, in a separate process. */
export interface PrivateServer {
  /** The address with the required token (P2.5). Only clients that know it are admitted. */
  readonly address: ServerAddress;
  /** @returns when it has ended */
  close(): Promise<void>;
}

/**
 * Starts a server on a free port of this host. Every user of the host can reach that port, so the server requires a
 * random token. It receives the token over a pipe, and neither its arguments nor its environment contain it. The
 * program sends `deadman` on one connection, so that the server ends when the program does for any reason (P3).
 * @param start starts the process
 * @throws LaunchError if it does not start
 */
export async function startPrivateServer(
  { onPage, unref }: PrivateServerOptions = {},
  start: typeof spawn = spawn,
): Promise<PrivateServer> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isSetting(name)));
  const page = onPage === undefined ? ['--no-web'] : ['--web-port', '0'];
  const listening = ['--host', HOST, '--port', '0', '--json', ...page];
  const program = fileURLToPath(packageFile('dist/cli/main.js'));
  const args = [program, 'serve', ...listening, '--token-file', '-', '--log-level', 'silent'];
  // In a process group of its own, because Ctrl-C in a terminal is for its user, who may still need the server.
  const child = start(process.execPath, args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  await once(child, 'spawn').catch(notStarted);
  let said = '';
  let isStarting = true;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (isStarting) said += text;
    else process.stderr.write(text);
  });
  // If it has ended, the code below reports that.
  child.stdin.on('error', () => undefined);
  child.stdin.end(token);
  const ended = once(child, 'exit');
  const failed = once(child, 'close').then(() => notStarted(said));
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), failed]);
  isStarting = false;
  const { port, web } = unsafeCast<Announcement>(JSON.parse(String(line)));
  if (web !== null) onPage?.(web.url);
  if (unref === true) unrefChild(child);
  return {
    address: { host: HOST, port, token },
    close: async () => {
      child.kill();
      await ended;
    },
  };
}

/** @param why its output, or the reason why it could not be started */
function notStarted(why: unknown): never {
  const text = why instanceof Error ? why.message : messageIn(String(why).trim());
  throw new LaunchError(LAUNCH.serverNotStarted(text));
}

/** Parses a line of JSON. Another line is from elsewhere. */
function messageIn(line: string): string {
  try {
    return unsafeCast<{ readonly error: { readonly message: string } }>(JSON.parse(line)).error.message;
  } catch {
    return line === '' ? 'it ended without a word' : line;
  }
}
