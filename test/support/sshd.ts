import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

const PROGRAM = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));

/** The reason why there can be none here; undefined if there can. */
export const noSshd = PROGRAM === undefined ? 'no sshd is installed on this machine' : undefined;

/** A real sshd on a free port, with keys of its own, for this user only. */
export interface Sshd extends AsyncDisposable {
  /** Options for `ssh -o`: how this test connects, whatever the settings of its user. */
  readonly options: readonly string[];
  /** Kills it and all of its sessions. */
  cut(): void;
}

export async function startSshd(): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'sleigh sshd '));
  const key = (name: string): string => {
    const path = join(folder, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
    return path;
  };
  const [host, user] = [key('host'), key('user')];
  // If sshd runs as root it locks its children into this folder.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  const known = join(folder, 'known');
  writeFileSync(known, `[127.0.0.1]:${port},[localhost]:${port} ${readFileSync(`${host}.pub`, 'utf8')}`);
  const config = join(folder, 'config');
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey "${host}"`,
    `AuthorizedKeysFile "${user}.pub"`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
  ];
  writeFileSync(config, settings.join('\n'));
  const child = spawn(PROGRAM ?? '', ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  const listening = new Promise<void>((resolve) => {
    createInterface(child.stderr).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('Server listening')) resolve();
    });
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(lines.join('\n'))));
  await Promise.race([listening, ended]);
  ended.catch(() => undefined);
  return {
    options: [
      `Port=${port}`,
      `IdentityFile="${user}"`,
      'IdentitiesOnly=yes',
      `UserKnownHostsFile="${known}"`,
    ],
    cut: () => {
      for (const pid of sessionsOf(child.pid ?? 0)) process.kill(pid, 'SIGKILL');
    },
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended.catch(() => undefined);
      rmSync(folder, { recursive: true });
    },
  };
}

/** The processes of sshd, each of which serves one connection. */
function sessionsOf(parent: number): number[] {
  const found = execFileSync('ps', ['-o', 'pid=', '--ppid', String(parent)]).toString();
  return found.trim().split(/\s+/).map(Number);
}
