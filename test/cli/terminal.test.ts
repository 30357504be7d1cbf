import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetWorkSpace } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';
import { sleigh } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';
import { MAIN } from '../support/run-process.ts';

/** Clears the screen; the second form is the same in one character. */
const CLEAR = '\u001b[2J';
const CLEAR_C1 = '\u009b2J';

let server: Server;
let ws: NetWorkSpace;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  ws = await NetWorkSpace.open(`shop ${CLEAR}`, { port: server.port, label: `mine ${CLEAR_C1}` });
});
afterEach(() => server.close());

const at = (): string[] => ['--server', `127.0.0.1:${server.port}`];
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The program `script` provides a terminal. */
const hasTerminal = process.platform === 'linux' && existsSync('/usr/bin/script');

async function onTerminal(...args: readonly string[]): Promise<{ output: string; status: number }> {
  const command = [process.execPath, MAIN, ...args, ...at()].map(quoted).join(' ');
  const ran = promisify(execFile)('script', ['-qec', command, '/dev/null']);
  try {
    return { output: (await ran).stdout.replaceAll('\r\n', '\n'), status: 0 };
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error && 'code' in error)) throw error;
    return { output: String(error.stdout).replaceAll('\r\n', '\n'), status: Number(error.code) };
  }
}

describe.runIf(hasTerminal)('a terminal', () => {
  it.skipIf(isShort)('receives the control characters of text and JSON in escaped form', async () => {
    await ws.store('text', `a${CLEAR}b\tc\n${CLEAR_C1}`);
    expect(await onTerminal('get', ws.name, 'text')).toEqual({
      output: 'a\\u001b[2Jb\tc\n\\u009b2J\n',
      status: 0,
    });
    await ws.store('json', { [CLEAR_C1]: CLEAR_C1 });
    for (const flags of [[], ['--json']]) {
      const { output } = await onTerminal('get', ws.name, 'json', ...flags);
      expect(JSON.parse(output)).toEqual({ [CLEAR_C1]: CLEAR_C1 });
      expect(output).toContain('\\u009b');
    }
  });

  it.skipIf(isShort)('receives no bytes that are not text', async () => {
    await ws.store('bytes', Buffer.from([0x1b, 0x63, 0xff]));
    const { output, status } = await onTerminal('get', ws.name, 'bytes');
    expect([status, output]).toEqual([
      1,
      expect.stringMatching(/^sleigh: the value is 3 bytes that are no text.*--json\n$/),
    ]);
    expect((await onTerminal('get', ws.name, 'bytes', '--json')).output).toBe('{"base64":"G2P/"}\n');
  });
});

describe('control characters', () => {
  it.skipIf(isShort)('in names and labels are escaped in listings, whatever the destination', async () => {
    await ws.store(`v${CLEAR}`, 1);
    for (const args of [['ls'], ['ls', ws.name], ['status'], ['ls', '--json'], ['ls', ws.name, '--json']]) {
      const { output, code } = await sleigh([...args, ...at()]);
      expect(code).toBe(0);
      // oxlint-disable-next-line no-control-regex -- the output must not contain these
      expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
    expect((await sleigh(['ls', ...at()])).output).toContain('(mine \\u009b2J)');
  });

  it.skipIf(isShort)('in names are escaped in errors, also in JSON', async () => {
    for (const flags of [[], ['--json']]) {
      const { errors } = await sleigh(['get', `no ${CLEAR}${CLEAR_C1}`, 'v', ...flags, ...at()]);
      // oxlint-disable-next-line no-control-regex -- the output must not contain these
      expect(errors).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      expect(errors).toContain('\\u009b2J');
    }
  });

  it('in a value are written to a file unchanged', async () => {
    await ws.store('text', `a${CLEAR}${CLEAR_C1}`);
    expect((await sleigh(['get', ws.name, 'text', ...at()])).output).toBe(`a${CLEAR}${CLEAR_C1}`);
  });
});
