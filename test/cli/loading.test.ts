import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { programWith } from '../../src/cli/commands.ts';

// A command loads only what it needs, so that it starts quickly.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HEAVY = ['pino', 'prom-client', 'xstate'];

/** @returns the heavy packages that a program loads; all of them are CommonJS */
async function loadedBy(program: string): Promise<string[]> {
  const { stderr } = await promisify(execFile)(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { createRequire } from 'node:module';
       process.on('exit', () =>
         console.error(JSON.stringify(Object.keys(createRequire(import.meta.url).cache))));
       ${program}
       process.exit();`,
    ],
    { cwd: ROOT },
  );
  const loaded: string[] = JSON.parse(stderr);
  return HEAVY.filter((name) => loaded.some((path) => path.includes(`/node_modules/${name}/`)));
}

const server = (options: string): string => `
  const { createServer } = await import('./dist/server.js');
  const { web } = await createServer({ port: 0, logLevel: 'silent', ${options} });`;
const METRICS = 'await fetch(`http://127.0.0.1:${web.port}/metrics`);';

const namesFor = async (name?: string): Promise<string[]> =>
  (await programWith(name, () => undefined)).commands.map((command) => command.name());

describe('the command line', () => {
  it('loads the given command, none for its version, and all for help, completion and an unknown name', async () => {
    expect(await namesFor('get')).toEqual(['get']);
    for (const flag of ['--version', '-V']) expect(await namesFor(flag)).toEqual([]);
    for (const name of [undefined, '--help', 'completion', 'sevre'])
      expect(await namesFor(name)).toEqual(expect.arrayContaining(['serve', 'get', 'completion']));
  });

  it.each(['get', 'put', 'ls', 'status', 'watch'])(
    'loads no part of the server for the flags of %s',
    async (name) => {
      // Loaded on demand, the machines would be files of their own beside a program that is bundled.
      const program = `process.argv.push('sleigh', '${name}', '--help'); await import('./dist/cli/main.js');`;
      expect(await loadedBy(program)).toEqual(['xstate']);
    },
  );
});

describe('a server', () => {
  it('loads the library of its metrics when they are read first', async () => {
    const page = server('web: { port: 0 }');
    expect(await loadedBy(page)).toEqual(['pino', 'xstate']);
    expect(await loadedBy(`${page}\n${METRICS}`)).toEqual(HEAVY);
  });
});
