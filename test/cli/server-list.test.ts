import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Invitation } from '../../src/cli/run/invitation.ts';
import { serverOption, textOfServers } from '../../src/cli/server-options.ts';
import { NetWorkSpace } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';
import { isShort } from '../support/form.ts';
import { CommandProcess, Folder } from '../support/run-process.ts';

const parsed = (text: string): unknown => serverOption('the server').parseArg?.(text, undefined);

describe('a list of servers', () => {
  it.each([
    ['ada:1', { host: 'ada', port: 1 }],
    ['ada:1,[::1]:2,eva:3', { host: 'ada', port: 1, others: ['[::1]:2', 'eva:3'] }],
    ['ada:1, bea:02 ', { host: 'ada', port: 1, others: ['bea:2'] }],
  ])('%s is one server and others with its store', (text, list) => {
    expect(parsed(text)).toEqual(list);
    expect(parsed(textOfServers(list))).toEqual(list);
  });

  it.each([
    ['', ''],
    ['ada', 'ada'],
    ['ada:1,', ''],
    [',ada:1', ''],
    ['ada:1,bea:0', 'bea:0'],
    ['ada:1 bea:2', 'ada:1 bea:2'],
    ['ada:1;bea:2', 'ada:1;bea:2'],
  ])('"%s" is refused for what is no address in it', (text, part) => {
    expect(() => parsed(text)).toThrow(
      `It must be HOST:PORT, or several with commas between them; "${part}" is not HOST:PORT.`,
    );
  });
});

/** Nobody listens there. */
const NOBODY = '127.0.0.1:1';

describe('commands with a list of servers', () => {
  let server: Server;
  let folder: Folder;
  let there: string;
  beforeEach(async () => {
    server = await createServer({ port: 0, logLevel: 'silent' });
    folder = new Folder();
    there = `127.0.0.1:${server.port}`;
  });
  afterEach(async () => {
    await server.close();
    folder[Symbol.dispose]();
  });

  const ended = async (
    args: readonly string[],
    options?: ConstructorParameters<typeof CommandProcess>[2],
  ): Promise<readonly [status: number | null, output: string, errors: string]> => {
    const command = new CommandProcess(folder.path, args, options);
    return [await command.status(), command.output, command.errors];
  };

  it('invite workers to all servers that the program names', async () => {
    using invitation = new Invitation();
    const at = { host: '127.0.0.1', port: server.port, others: ['bea:2', 'eva:3'] };
    const workspace = await NetWorkSpace.open('job', at);
    const { text, event } = invitation.to(workspace, false);
    const list = `${there},bea:2,eva:3`;
    expect(text).toBe(`sleigh worker 'job' --server ${list}`);
    expect(event).toEqual({ event: 'joining', sleigh: 'job', server: list });
    workspace.close();
  });

  it('use the first server that answers', async () => {
    const env = { SLEIGH_SERVER: `${NOBODY},${there}` };
    expect(await ended(['put', 'shop', 'x', 'hello', '--create'], { env })).toEqual([0, '', '']);
    expect(await ended(['get', 'shop', 'x', '--server', `${NOBODY},${there}`])).toEqual([0, 'hello', '']);
  });

  it.skipIf(isShort)('use it in every command, and say why none does', async () => {
    const list = `${NOBODY},${there}`;
    const at = ['--server', list];
    await ended(['put', 'shop', 'x', 'hello', '--create', ...at]);
    expect(await ended(['ls', ...at])).toEqual([0, expect.stringContaining('shop'), '']);
    expect(await ended(['status', ...at])).toEqual([
      0,
      expect.stringContaining(`${list}: 2 workspaces, 0 of them jobs`),
      '',
    ]);
    expect(await ended(['worker', 'shop', '--workers', '1', ...at])).toEqual([
      1,
      '',
      expect.not.stringContaining('reached'),
    ]);
    folder.write('double.mjs', 'export default (line) => Number(line) * 2;\n');
    const run = await ended(['run', 'double.mjs', '--workers', '2', ...at], { input: '1\n2\n3\n' });
    expect(run).toEqual([0, '2\n4\n6\n', '']);
    for (const args of [['ls'], ['run', 'double.mjs'], ['worker', 'shop']])
      expect(await ended([...args, '--server', `${NOBODY},127.0.0.1:2`], { input: '1\n' })).toEqual([
        1,
        '',
        'sleigh: no server can be used: 127.0.0.1:1 cannot be reached (ECONNREFUSED); ' +
          '127.0.0.1:2 cannot be reached (ECONNREFUSED)\n',
      ]);
  });
});
