import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { startServe, type ServeProcess } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

const fixture = (name: string): string => new URL(`../fixtures/${name}`, import.meta.url).pathname;
const RELOADED = 'certificates, token and addresses were reloaded';
const KEPT = 'certificates, token and addresses stay as they were';

let folder = '';
const file = (name: string): string => join(folder, name);
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sleigh-reload-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** @returns the line of the log with the outcome */
async function reload(serve: ServeProcess, outcome: string): Promise<string> {
  const before = serve.errors().length;
  serve.kill('SIGHUP');
  let line: string | undefined;
  await eventually(() => {
    line = serve
      .errors()
      .slice(before)
      .split('\n')
      .find((each) => each.includes(outcome));
    return line !== undefined;
  }, outcome);
  return line ?? '';
}

async function admits(port: number, token: string): Promise<boolean> {
  const client = await ProtocolClient.open({ port });
  await client.greet();
  const answer = await client.offerOptions({ Token: token });
  client.reset();
  return answer === 'A000';
}

describe('SIGHUP', () => {
  it('reloads the certificate', async () => {
    copyFileSync(fixture('localhost.crt'), file('crt'));
    copyFileSync(fixture('localhost.key'), file('key'));
    await using serve = await startServe('--tls-cert', file('crt'), '--tls-key', file('key'));
    const shown = async (): Promise<string> => {
      const client = await ProtocolClient.ready(serve, { SSL: '1' });
      const { fingerprint256 } = (await client.startTls()).getPeerCertificate();
      client.vanish();
      return fingerprint256;
    };
    const printOf = (name: string): string => new X509Certificate(readFileSync(fixture(name))).fingerprint256;
    expect(await shown()).toBe(printOf('localhost.crt'));
    copyFileSync(fixture('client.crt'), file('crt'));
    copyFileSync(fixture('client.key'), file('key'));
    await reload(serve, RELOADED);
    expect(await shown()).toBe(printOf('client.crt'));
  });
});

describe.skipIf(isShort)('SIGHUP', () => {
  it('reloads the token and keeps existing connections', async () => {
    writeFileSync(file('token'), 'first\n');
    await using serve = await startServe('--token-file', file('token'));
    const before = await NwsConnection.open({ host: '127.0.0.1', port: serve.port, token: 'first' });
    writeFileSync(file('token'), 'second\n');
    const line = await reload(serve, RELOADED);
    expect(JSON.parse(line)).toMatchObject({ level: 30, audit: true });
    expect([await admits(serve.port, 'first'), await admits(serve.port, 'second')]).toEqual([false, true]);
    await before.openWorkspace('w');
    before.close();
  });

  it('reloads the addresses', async () => {
    writeFileSync(file('allowed'), '# the office\n10.0.0.0/8\n');
    await using serve = await startServe('--allow-file', file('allowed'));
    const stranger = await ProtocolClient.open(serve);
    await stranger.ended();
    writeFileSync(file('allowed'), '10.0.0.0/8\n127.0.0.1 # here\n');
    await reload(serve, RELOADED);
    const client = await ProtocolClient.ready(serve, {});
    expect((await client.ask(['open ws', 'w', 'me', 'no'])).status).toBe('0000');
    client.reset();
  });

  it.each([
    ['a missing token file', () => rmSync(file('token')), 'token cannot be read'],
    ['an empty token', () => writeFileSync(file('token'), '\n'), 'a token has from 1 to 9999 bytes'],
    ['a bad address', () => writeFileSync(file('allowed'), '127.0.0.1\nhere\n'), 'line 2 of'],
    ['no address at all', () => writeFileSync(file('allowed'), '# nobody\n'), 'contains no address'],
  ])('changes nothing and reports the reason for %s', async (_, spoil, why) => {
    writeFileSync(file('token'), 'first');
    writeFileSync(file('allowed'), '127.0.0.1');
    await using serve = await startServe('--token-file', file('token'), '--allow-file', file('allowed'));
    spoil();
    const line = await reload(serve, KEPT);
    expect(JSON.parse(line)).toMatchObject({ level: 50, reason: expect.stringContaining(why) });
    expect([await admits(serve.port, 'first'), await admits(serve.port, '')]).toEqual([true, false]);
  });

  it('keeps the certificate and the addresses if the new certificate does not match its key', async () => {
    copyFileSync(fixture('localhost.crt'), file('crt'));
    copyFileSync(fixture('localhost.key'), file('key'));
    writeFileSync(file('allowed'), '127.0.0.1');
    await using serve = await startServe(
      '--tls-cert',
      file('crt'),
      '--tls-key',
      file('key'),
      '--allow-file',
      file('allowed'),
    );
    copyFileSync(fixture('client.crt'), file('crt'));
    writeFileSync(file('allowed'), '10.0.0.1');
    expect(await reload(serve, KEPT)).toContain('the certificate or the key cannot be used');
    const client = await ProtocolClient.ready(serve, {});
    client.reset();
  });
});
