import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { AlteringProxy } from './altering-proxy.ts';
import { sleigh, startServe } from '../../test/support/serve-process.ts';
import { isLong, isShort } from '../../test/support/form.ts';
import { MAIN } from '../../test/support/run-process.ts';

describe.skipIf(isShort)('sleigh verify --server', () => {
  test.each([
    [[], 'sleigh: verify needs a trace, or --server HOST:PORT, and not both\n'],
    [
      ['a.jsonl', '--server', 'here:1'],
      'sleigh: verify needs a trace, or --server HOST:PORT, and not both\n',
    ],
    [
      ['--server', 'here'],
      "sleigh: option '--server <host:port>' argument 'here' is invalid. It must be HOST:PORT.\n",
    ],
    [['--server', '127.0.0.1:1'], 'sleigh: cannot verify 127.0.0.1:1: nobody listens there\n'],
  ])('rejects %j with one clear line', async (args, line) => {
    expect(await sleigh(['verify', ...args])).toMatchObject({ code: 1, output: '', errors: line });
  });

  test('reports a peer that does not speak the protocol', async () => {
    const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { code, errors } = await sleigh(['verify', '--server', `127.0.0.1:${port}`]);
    other.close();
    expect(code).toBe(1);
    expect(errors).toBe(
      `sleigh: cannot verify 127.0.0.1:${port}: the server answers the new handshake with "HTTP"\n`,
    );
  });

  test(
    'reports the clause that a server violates, before it walks the machines',
    { timeout: 60_000 },
    async () => {
      await using serve = await startServe('--log-level', 'silent');
      using proxy = await AlteringProxy.start({ host: '127.0.0.1', port: serve.port }, (said) =>
        said.replaceAll('nwsReason', 'nwsReazon'),
      );
      const verify = spawn(process.execPath, [MAIN, 'verify', '--server', `127.0.0.1:${proxy.port}`]);
      let errors = '';
      for await (const text of verify.stderr.setEncoding('utf8')) {
        errors += text;
        if (errors.includes('differs: P8: A failed reply states its reason. But ')) break;
      }
      verify.kill('SIGKILL');
      expect(errors).toContain('differs: P8: A failed reply states its reason. But ');
    },
  );

  test.runIf(isLong)(
    'reports machine by machine that a server of this project is correct',
    { timeout: 300_000 },
    async () => {
      await using serve = await startServe('--log-level', 'silent');
      const { code, output } = await sleigh(['verify', '--server', `127.0.0.1:${serve.port}`]);
      expect(output).toContain('Everything is as the protocol, the charts and the conversations have it.');
      expect(code).toBe(0);
    },
  );
});
