import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Files on disk, by the name under which they are measured. */
const PERSISTENCE = {
  none: ['--save', '', '--appendonly', 'no'],
  // The settings that BullMQ recommends for production.
  'AOF, each change': ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
  'AOF, each second': ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'],
};

/** Starts a redis-server on a free port, in a folder that is deleted with it. */
export async function startRedis(persistence, program) {
  return startIn(mkdtempSync(join(tmpdir(), 'sleigh-redis-')), persistence, program);
}

async function startIn(folder, persistence, program) {
  const port = await freePort();
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
  const args = [...where, '--maxmemory-policy', 'noeviction', ...PERSISTENCE[persistence]];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const ready = new Promise((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve();
    });
  });
  const failed = ended.then(() => Promise.reject(new Error('redis-server ended before it was ready')));
  await Promise.race([ready, failed]);
  failed.catch(() => undefined);
  return {
    port,
    /** Ends it without a word; its files stay. */
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    /** Another one with the same files. */
    again: () => startIn(folder, persistence, program),
    stop: async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
