import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { pad20 } from '../../src/wire/numbers.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { MAIN } from '../support/run-process.ts';
import { scrapeOf } from '../support/scrape.ts';

/** Descriptors of the server: its own modules use this many at once while it starts. */
const DESCRIPTORS = 256;

let child: ChildProcess;
let errors = '';
let output = '';

/**
 * A server with a limited number of open files and sockets.
 * @returns its port
 */
async function start(...flags: string[]): Promise<number> {
  const command = `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`;
  const web = flags.includes('--web-port') ? [] : ['--no-web'];
  const args = [process.execPath, MAIN, 'serve', '--port', '0', ...web, ...flags];
  child = spawn('sh', ['-c', command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  errors = '';
  child.stderr?.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  if (child.stdout === null) throw new Error('it has no output');
  output = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const [line]: unknown[] = await once(createInterface(child.stdout), 'line');
  return Number(String(line).split(':').at(-1));
}

/** The URL of its page; '' until it is printed. */
const page = (): string => /http:\/\/\S+/.exec(output)?.[0] ?? '';

afterEach(() => child.kill('SIGKILL'));

/** Whether it accepts one more client, which then disconnects. */
async function isServed(port: number): Promise<boolean> {
  try {
    (await ProtocolClient.ready({ port }, '2222')).reset();
    return true;
  } catch {
    return false;
  }
}

const logged = (message: string): string[] => errors.split('\n').filter((line) => line.includes(message));

describe('running out of file descriptors (P12)', () => {
  it('is logged at intervals, existing clients are served, and later the new ones', async () => {
    const port = await start('--log-level', 'warn', '--long-value-size', '1000');
    const client = await ProtocolClient.ready({ port }, {});
    expect((await client.ask(['open ws', 'w', 'me', 'no'])).status).toBe('0000');
    const crowd = Array.from({ length: 2 * DESCRIPTORS }, () =>
      connect({ port, host: '127.0.0.1' }).on('error', () => undefined),
    );
    await eventually(() => logged('no descriptors are left').length > 0, 'it is told');
    expect(logged('no descriptors are left')[0]).toMatch(/"descriptors":256.*"limit":"descriptors"/);
    expect((await client.ask(['store', 'w', 'x', '1', 'small'])).status).toBe('0000');
    // The remaining descriptors are for large values, which need files.
    client.write(`0005${['store', 'w', 'x', '1'].map((arg) => pad20(arg.length) + arg).join('')}`);
    client.write(pad20(2_000) + 'v'.repeat(2_000));
    expect(await client.read(4)).toBe('0000');
    for (const socket of crowd) socket.destroy();
    await eventually(() => isServed(port), 'others are served again');
    // A thousand refusals do not write a thousand lines.
    expect(logged('no descriptors are left').length).toBeLessThan(5);
    expect(child.exitCode).toBe(null);
  }, 60_000);

  it.skipIf(isShort)(
    'is visible in /metrics before a connection is refused, and refusals are counted',
    async () => {
      const port = await start('--log-level', 'warn', '--web-port', '0');
      await eventually(() => page() !== '', 'it says where its page is');
      const seen: { readonly used: number; readonly refusals: number }[] = [];
      const crowd: ProtocolClient[] = [];
      do {
        for (let n = 0; n < 20; n++) crowd.push(await ProtocolClient.open({ port }));
        const samples = await scrapeOf(page());
        const of = (name: string): number => samples.get(`${name}{limit="descriptors"}`) ?? 0;
        expect(of('sleigh_limit_bound')).toBe(DESCRIPTORS);
        seen.push({
          used: of('sleigh_limit_used') / DESCRIPTORS,
          refusals: of('sleigh_refusals_total'),
        });
      } while (seen.at(-1)?.refusals === 0 && crowd.length < 2 * DESCRIPTORS);
      expect(seen.at(-1)?.refusals).toBeGreaterThan(0);
      const before = seen.filter(({ refusals }) => refusals === 0).map(({ used }) => used);
      expect(before).toEqual(before.toSorted((a, b) => a - b));
      expect(before[0]).toBeLessThan(0.5);
      expect(before.at(-1)).toBeGreaterThan(0.8);
      expect(before.at(-1)).toBeLessThanOrEqual(1);
      for (const client of crowd) client.reset();
    },
    60_000,
  );

  it('closes connections over the limit at once, and is logged once', async () => {
    const port = await start('--log-level', 'warn', '--limit', 'connectionCount=10');
    const clients = await Promise.all(Array.from({ length: 10 }, () => ProtocolClient.ready({ port }, {})));
    // Each of them would wait five seconds to be told to close if it were accepted first.
    for (let n = 0; n < 200; n++) await (await ProtocolClient.open({ port })).ended();
    expect(logged('connection refused: over the limit').length).toBe(1);
    for (const client of clients)
      expect((await client.ask(['open ws', 'w', 'me', 'no'])).status).toBe('0000');
    clients[0]?.reset();
    await eventually(() => isServed(port), 'there is room for one more');
  }, 30_000);
});
