import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { NetWorkSpace } from '../../src/client/index.ts';
import { startPrivateServer } from '../../src/client/master/private-server.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/run-process.ts';
import { startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

const MIB = 2 ** 20;

/**
 * Starts a program that uses the built package.
 * @returns the process, and its first line, as JSON
 */
async function start(program: string, ...args: string[]): Promise<{ child: ChildProcess; said: unknown }> {
  const path = fileURLToPath(new URL(`modules/${program}`, import.meta.url));
  const flags = ['--max-old-space-size=48'];
  const child = spawn(process.execPath, [...flags, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${code}`))),
  ]);
  const said: unknown = JSON.parse(String(line));
  return { child, said };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isThere = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}

describe.skipIf(isShort)('a large value', () => {
  it('passes through a client in both directions in little memory (P11)', async () => {
    await using serve = await startServe('--log-level', 'error');
    const { said } = await start('large.mjs', String(serve.port), '400');
    expect(said).toMatchObject({ size: 400 * MIB, isSame: true });
    const { peak } = Object(said);
    expect(peak).toBeLessThan(64 * MIB);
  }, 60_000);
});

describe.skipIf(isShort)('a master that is killed', () => {
  it('takes its workers and its server down, even during long calls', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-client-'));
    const { child, said } = await start('master.mjs', folder);
    const { workers, port }: { workers: number[]; port: number } = Object(said);
    await eventually(() => readdirSync(folder).length === 2, 'both are deep in a call');
    expect([workers.filter(isRunning).length, await isListening(port)]).toEqual([2, true]);
    child.kill('SIGKILL');
    await eventually(() => !workers.some(isRunning), 'the workers are gone');
    await eventually(async () => !(await isListening(port)), 'the server is gone');
    rmSync(folder, { recursive: true });
  }, 30_000);
});

describe('a private server', () => {
  it('serves only the program that started it, and ignores settings for other servers', async () => {
    process.env['NWS_SERVER_SSL_CERT'] = '/none';
    const server = await startPrivateServer().finally(() => delete process.env['NWS_SERVER_SSL_CERT']);
    using ws = await NetWorkSpace.open('w', server.address);
    await ws.store('x', 1);
    expect(await ws.find('x')).toBe(1);
    ws.close();
    await server.close();
    expect(await isListening(server.address.port ?? 0)).toBe(false);
  });
});

const IMPORT = /^(?:import|export)\s[^'"=(]*['"]([^'"]+)['"]/gm;

/** @returns what a map names; files that only import and export have none */
function sourcesOf(map: string): readonly string[] {
  if (!existsSync(map)) return [];
  const { sources }: { sources: readonly string[] } = JSON.parse(readFileSync(map, 'utf8'));
  return sources;
}

/** The sources of a built file and of those that it imports directly and indirectly, and names of packages. */
function importsOf(url: URL, seen = new Set<string>(), found = new Set<string>()): Set<string> {
  if (seen.has(url.href)) return found;
  seen.add(url.href);
  for (const source of sourcesOf(`${fileURLToPath(url)}.map`)) found.add(new URL(source, url).href);
  for (const [, name = ''] of readFileSync(url, 'utf8').matchAll(IMPORT)) {
    if (name.startsWith('.')) importsOf(new URL(name, url), seen, found);
    else found.add(name);
  }
  return found;
}

describe.skipIf(isShort)('the package exports', () => {
  const dist = new URL('../../dist/', import.meta.url);
  const src = new URL('../../src/', import.meta.url);

  it('no server code from sleigh/client', () => {
    const imports = [...importsOf(new URL('client/index.js', dist))];
    const allowed = [
      `${src.href}client/`,
      `${src.href}wire/`,
      `${src.href}machines/pool/`,
      `${src.href}machines/rule.ts`,
      'node:',
      'denque',
      'xstate',
    ];
    expect(imports.length).toBeGreaterThan(20);
    expect(imports.filter((name) => !allowed.some((start) => name.startsWith(start)))).toEqual([]);
  });

  it.each(['index.js', 'client/index.js'])(
    'no part of the walker, which is sleigh/verify, from %s',
    (name) => {
      const imports = [...importsOf(new URL(name, dist))];
      expect(imports).toContain(`${src.href}client/master/sleigh.ts`);
      expect(imports.filter((each) => each.startsWith(`${src.href}verify/`))).toEqual([]);
    },
  );

  it('no part of the web page before there is one', () => {
    const imports = [...importsOf(new URL('server.js', dist))];
    expect(imports).toContain(`${src.href}server.ts`);
    expect(imports).not.toContain(`${src.href}web/web-server.ts`);
  });

  it('client and server under its own name', async () => {
    const names = "import('sleigh').then((all) => console.log(JSON.stringify(Object.keys(all))))";
    const child = spawn(process.execPath, ['--eval', names], { cwd: new URL('.', dist) });
    const [line] = await once(createInterface(child.stdout), 'line');
    expect(JSON.parse(String(line))).toEqual(
      expect.arrayContaining(['NetWorkSpace', 'Sleigh', 'createServer', 'tasks', 'threads', 'processes']),
    );
  });
});
