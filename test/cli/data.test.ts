import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { isShort } from '../support/form.ts';
import { MAIN } from '../support/run-process.ts';
import { sleigh, startServe } from '../support/serve-process.ts';

/** The largest file that the server may write, in units of 1,024 bytes, in place of a disk that is full. */
const LARGEST_FILE = 200;
const VALUE = 'v'.repeat(40_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-cli-data-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A server that may not write large files. */
async function startLimited() {
  const limited = `trap "" XFSZ; ulimit -f ${LARGEST_FILE}; exec "$0" "$@"`;
  const args = [MAIN, 'serve', '--port', '0', '--no-web', '--log-level', 'error', '--data', folder];
  const child = spawn('bash', ['-c', limited, process.execPath, ...args]);
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, errors }));
  const [line] = await once(createInterface(child.stdout), 'line');
  return { port: Number(String(line).split(':').at(-1)), ended };
}

describe.skipIf(process.platform === 'win32')('sleigh serve --data', () => {
  it('ends with a sentence when the disk is full, and the next one has what was acknowledged (D6)', async () => {
    const { port, ended } = await startLimited();
    const client = await ProtocolClient.ready({ host: '127.0.0.1', port });
    await client.ask(['use ws', '__default', '', 'no']);
    let acknowledged = 0;
    try {
      for (;;) {
        await client.ask(['store', '__default', 'x', '1', `${acknowledged} ${VALUE}`]);
        acknowledged++;
      }
    } catch {
      client.vanish();
    }
    const { code, errors } = await ended;
    expect(code).toBe(1);
    expect(errors).toContain('sleigh: the data could not be made durable');
    expect(acknowledged).toBeGreaterThan(0);

    await using next = await startServe('--data', folder);
    const reader = await ProtocolClient.ready({ host: '127.0.0.1', port: next.port });
    await reader.ask(['use ws', '__default', '', 'no']);
    for (let n = 0; n < acknowledged; n++)
      expect((await reader.ask(['fetchTry', '__default', 'x'])).value).toBe(`${n} ${VALUE}`);
    reader.vanish();
  });

  it.skipIf(isShort)(
    'says that another server uses the folder, and that a folder cannot be made',
    async () => {
      await using first = await startServe('--data', folder);
      const second = await sleigh(['serve', '--port', '0', '--no-web', '--data', folder]);
      expect([second.code, second.errors]).toEqual([
        1,
        `sleigh: another server uses the data in ${folder}\n`,
      ]);
      const third = await sleigh(['serve', '--port', '0', '--no-web', '--data', '/dev/null/data']);
      expect(third.errors).toMatch(/^sleigh: data cannot be kept in \/dev\/null\/data: /);
      first.kill('SIGKILL');
      await first.outcome;
      // A killed server gives its folder up at once.
      await using again = await startServe('--data', folder);
      expect(again.line).toContain('listening');
    },
  );

  it.skipIf(isShort)('offers in the handshake when something is durable (D7)', async () => {
    await using server = await startServe('--data', folder, '--sync', 'everysec');
    const client = await ProtocolClient.open({ host: '127.0.0.1', port: server.port });
    expect((await client.greet())['Durability']).toBe('everysec');
    client.vanish();
  });
});

describe('sleigh data', () => {
  it.skipIf(isShort)('checks and prints what a server keeps', async () => {
    await using server = await startServe('--data', folder);
    const client = await ProtocolClient.ready({ host: '127.0.0.1', port: server.port });
    await client.ask(['open ws', 'shop', '', 'yes']);
    await client.ask(['store', 'shop', 'x', '1', 'hello']);
    await client.ask(['store', 'shop', 'x', '1', '\xff\0']);
    client.vanish();
    const inUse = await sleigh(['data', 'check', folder]);
    expect([inUse.code, inUse.errors]).toEqual([1, `sleigh: another server uses the data in ${folder}\n`]);
    server.kill('SIGKILL');
    await server.outcome;
    const { code, output } = await sleigh(['data', 'check', folder]);
    expect(code).toBe(0);
    expect(output).toMatch(
      /^ENTITY +NUMBER\nserver +1\nworkspace +1\nvariable +1\nvalue +2\n.*\nno problems\n$/,
    );
    const report: unknown = JSON.parse((await sleigh(['data', 'check', folder, '--json'])).output);
    expect(report).toMatchObject({ counts: { value: 2 }, problems: [] });
    const lines = (await sleigh(['data', 'export', folder])).output.trim().split('\n');
    const values = lines
      .map((line): { key: unknown[]; fields: { payload?: unknown } } => JSON.parse(line))
      .filter(({ key }) => key[0] === 'value');
    expect(values.map(({ fields }) => fields.payload)).toEqual(['hello', { base64: '/wA=' }]);
  });

  it('ends with 1 and a sentence if something is wrong or there is nothing', async () => {
    const none = await sleigh(['data', 'export', folder]);
    expect([none.code, none.errors]).toEqual([1, `sleigh: there is no data of a server in ${folder}\n`]);
    const other = await sleigh(['data', 'mend', folder]);
    expect(other.code).toBe(1);
    expect(other.errors).toContain('Allowed choices are check, export');
  });
});
