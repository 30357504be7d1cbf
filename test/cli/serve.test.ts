import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { printable } from '../../src/wire/printable.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { sleigh, startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** A port that something listens on. */
const occupied = async (): Promise<{ port: number; close: () => void }> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, close: () => server.close() };
};

describe('sleigh serve, with flags for access and limits,', () => {
  it('drains on the first SIGTERM and exits at once on the second; SIGUSR2 changes the log level', async () => {
    await using serve = await startServe('--drain', '60', '--log-level', 'error');
    const client = await ProtocolClient.ready(serve, {});
    serve.kill('SIGUSR2');
    await eventually(async () => {
      expect((await client.ask(['sauna'])).status).toBe('0001');
      return serve.errors().includes('request refused');
    }, 'a refusal is logged as info');
    serve.kill('SIGTERM');
    await eventually(
      () =>
        ProtocolClient.open(serve).then(
          (other) => (other.reset(), false),
          () => true,
        ),
      'nobody new is accepted',
    );
    expect((await client.ask(['sauna'])).status).toBe('0001');
    serve.kill('SIGTERM');
    expect((await serve.outcome).code).toBe(0);
  });
});

describe.skipIf(isShort)('sleigh serve, with flags for access and limits,', () => {
  it('accepts limits by name, and refuses unknown ones', async () => {
    await using serve = await startServe('--limit', 'argumentCount=5', '--limit', 'nameBytes=20');
    const client = await ProtocolClient.ready(serve, {});
    expect((await client.ask(['open ws', 'w'.repeat(21), 'me', 'no'])).status).toBe('0001');
    for (const [text, why] of [
      ['sauna=1', 'There is no limit "sauna"'],
      ['nameBytes=many', 'It must be a whole number'],
    ] as const)
      expect((await sleigh(['serve', '--limit', text])).errors).toContain(why);
  });

  it.each([
    [['--allow', 'localhost'], '"localhost" is no address'],
    [['--token-file', '/nowhere'], "'/nowhere' is invalid. It cannot be read"],
    [['--tls-ca', fixture('ca.crt')], '--tls-ca needs --tls-cert and --tls-key'],
    [['--drain', 'soon'], 'It must be a whole number'],
  ])('reports the reason for rejecting %s', async (flags, why) => {
    const { code, errors } = await sleigh(['serve', '--port', '0', ...flags]);
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining(why) });
  });
});

describe('sleigh serve', () => {
  it('prints one line when it is ready, and nothing else to standard output', async () => {
    await using serve = await startServe();
    expect(serve.line).toMatch(/^listening on 127\.0\.0\.1:\d+$/);
    serve.kill('SIGTERM');
    expect((await serve.outcome).output).toBe(`${serve.line}\n`);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'notifies all clients and exits in order on %s, with status 0',
    async (signal) => {
      await using serve = await startServe('--log-level', 'error');
      const master = await ProtocolClient.ready(serve, { MetadataToServer: '1' });
      expect((await master.ask(['open ws', 's', 'm', 'no'], { wstype: 'sleigh' })).status).toBe('0000');
      const ready = (): Promise<ProtocolClient> => ProtocolClient.ready(serve, {});
      const [sentinel, worker, plain] = [await ready(), await ready(), await ready()];
      for (const client of [sentinel, worker]) await client.ask(['use ws', 's', 'x', 'no']);
      await plain.ask(['use ws', 'p', 'x', 'no']);
      expect((await sentinel.ask(['fetch', 's', 'worker_ids'])).value).toBe('0');
      expect((await worker.ask(['store', 's', 'worker_ids', '1', '0'])).status).toBe('0000');
      const waking = sentinel.begin(['fetch', 's', 'sentinel_alive']);
      const task = worker.begin(['fetch', 's', 'task']);
      plain.begin(['fetch', 'p', 'never']);
      const result = master.begin(['fetch', 's', 'result']);
      // Each of them has been seen waiting before a later request of another client is answered.
      const witness = await ProtocolClient.ready(serve, {});
      await witness.ask(['use ws', 's', 'x', 'no']);
      for (let seen = ''; !/result\t0\t1\t0.*task\t0\t1\t0/s.test(seen);)
        seen = (await witness.ask(['list vars', 's'])).value;

      const since = performance.now();
      serve.kill(signal);
      expect((await waking.whenAnswered).value).toBe('1');
      expect((await task.whenAnswered).status).toBe('0001');
      expect((await result.whenAnswered).status).toBe('0001');
      await Promise.all([sentinel, worker, master, plain, witness].map((client) => client.ended()));
      const { code, errors } = await serve.outcome;
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
      expect(performance.now() - since).toBeLessThan(5_000);
    },
  );
});

describe.skipIf(isShort)('sleigh serve', () => {
  it('escapes control characters in the names of clients in the log', async () => {
    await using serve = await startServe();
    const client = await ProtocolClient.ready(serve, {});
    await client.ask(['open ws', 'red \u001b[31m \u009b31m', 'me', 'no']);
    expect((await client.ask(['delete ws', 'red \u001b[31m \u009b31m'])).status).toBe('0000');
    await eventually(() => serve.errors().includes('deleted a workspace'), 'it is logged');
    expect(serve.errors()).toContain('red \\u001b[31m \\u009b31m');
    expect(printable(serve.errors())).toBe(serve.errors().replaceAll('\n', '\\u000a'));
  });

  it('exits within 5 seconds even if a client neither reads nor closes', async () => {
    await using serve = await startServe('--log-level', 'error');
    const client = await ProtocolClient.ready(serve, {});
    client.pause();
    const since = performance.now();
    serve.kill('SIGTERM');
    expect((await serve.outcome).code).toBe(0);
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  it.each([
    ['the verb deadman', {}, true],
    ['the option KillServerOnClose', { KillServerOnClose: '1' }, false],
  ])(
    'exits when a client that requested it by %s closes its connection (P3)',
    async (_how, options, isVerb) => {
      await using serve = await startServe('--log-level', 'error');
      const client = await ProtocolClient.ready(serve, options);
      if (isVerb) expect((await client.ask(['deadman'])).status).toBe('0000');
      client.end();
      expect((await serve.outcome).code).toBe(0);
    },
  );

  it('reads the environment variables of the old server, and prefers flags', async () => {
    const env = {
      NWS_SERVER_PORT: '0',
      NWS_INTERFACE: '127.0.0.2',
      NWS_WEB_PORT: '0',
      NWS_LONG_VALUE_SIZE: '5000',
    };
    await using byEnvironment = await startServe(env);
    expect(byEnvironment.line).toMatch(/^listening on 127\.0\.0\.2:\d+$/);
    await using byFlag = await startServe(env, '--host', '127.0.0.1');
    expect(byFlag.line).toMatch(/^listening on 127\.0\.0\.1:\d+$/);
  });

  it('offers TLS if the environment names a certificate and a key', async () => {
    const env = {
      NWS_SERVER_SSL_CERT: fixture('localhost.crt'),
      NWS_SERVER_SSL_KEY: fixture('localhost.key'),
    };
    await using serve = await startServe(env);
    const client = await ProtocolClient.open(serve);
    client.write('X000');
    expect(await client.read(8)).toBe('P0000004');
    await client.until('SSL0000');
  });

  it('exits with one line and status 1 if the port is in use', async () => {
    const { port, close } = await occupied();
    const outcome = await sleigh(['serve', '--port', String(port)]);
    close();
    expect(outcome).toMatchObject({
      code: 1,
      output: '',
      errors: `sleigh: cannot listen on 127.0.0.1:${port}: the port is in use\n`,
    });
  });

  it.each([
    [
      ['--port', 'http'],
      /^sleigh: option '--port <number>' argument 'http' is invalid\. It must be a whole number up to 65535\.\n$/,
    ],
    [
      ['--tmp-dir', '/no/such/folder'],
      /^sleigh: temporary files cannot be made in \/no\/such\/folder: .*\n$/,
    ],
    [
      ['--tls-cert', fixture('localhost.crt')],
      /^sleigh: --tls-cert and --tls-key are needed both, or neither\n$/,
    ],
    [
      ['--tls-cert', fixture('localhost.key'), '--tls-key', fixture('localhost.key')],
      /^sleigh: the certificate or the key cannot be used: .*\n$/,
    ],
    [['--host', 'no.such.host.invalid'], /^sleigh: cannot listen on no\.such\.host\.invalid:0: .*\n$/],
  ])('exits with one line and status 1 for %j', async (flags, expected) => {
    const { code, output, errors } = await sleigh([
      'serve',
      '--no-web',
      ...(flags.includes('--port') ? [] : ['--port', '0']),
      ...flags,
    ]);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toMatch(expected);
    expect(errors.trim().split('\n')).toHaveLength(1);
  });
});
