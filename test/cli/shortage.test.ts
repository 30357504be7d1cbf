import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/index.ts';
import { MAIN, CommandProcess, Folder } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write('id.mjs', 'export default (n) => n');
});
afterEach(() => folder[Symbol.dispose]());

/** With a limited number of file descriptors. */
async function limited(descriptors: number, args: string): Promise<string> {
  const command = `ulimit -n ${descriptors}; exec ${process.execPath} ${MAIN} ${args} </dev/null`;
  const ran = promisify(execFile)('sh', ['-c', command], { cwd: folder.path });
  return ran.then(
    () => 'status 0',
    (error: unknown) => (error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)),
  );
}

describe.runIf(process.platform === 'linux')('too few file descriptors', () => {
  it.skipIf(isShort).each(['run id.mjs --workers 1', 'ls', 'serve --port 0 --no-web'])(
    'are reported in one line by %s',
    async (args) => {
      expect(await limited(24, args)).toMatch(/^sleigh: .*file descriptors?.*ulimit -n.*\n$/);
    },
  );
});

describe('a lack of space for temporary files', () => {
  const env = { TMPDIR: '/nonexistent' };

  it.skipIf(isShort)('is reported in one line by run, whose server cannot start', async () => {
    const run = new CommandProcess(folder.path, ['run', 'id.mjs', '--workers', '1'], { input: '1\n', env });
    expect([await run.status(), run.output]).toEqual([1, '']);
    expect(run.errors).toMatch(/^sleigh: the server of this job cannot be started: .*\/nonexistent.*\n$/);
  });

  it('is reported in one line by put, if the value is too large for memory', async () => {
    const server = await createServer({ port: 0, logLevel: 'silent' });
    const at = ['--server', `127.0.0.1:${server.port}`];
    const input = Buffer.alloc(10 * 2 ** 20, 'x');
    const put = new CommandProcess(folder.path, ['put', 'w', 'v', '--create', ...at], { input, env });
    expect([await put.status(), put.errors]).toEqual([
      1,
      'sleigh: the value cannot be kept in /nonexistent: there is no such file\n',
    ]);
    await server.close();
  });
});
