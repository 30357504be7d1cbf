import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { Peer } from '../../src/transport/peer.ts';
import { RealTimers } from '../../src/transport/real-timers.ts';
import { TemporaryFiles } from '../../src/transport/temporary-files.ts';
import { TraceFile } from '../../src/transport/trace-file.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { eventually } from '../support/eventually.ts';
import { MAIN } from '../support/run-process.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

// This test makes the edge throw; the server must continue, and other clients must not be affected.

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const boom = (): never => {
  throw new Error('on purpose');
};
/** Throws at the next call only. */
const sabotage = (spy: MockInstance): MockInstance => spy.mockImplementationOnce(boom);

const LARGE = 'v'.repeat(5_000);
/** Many of these replies are more than a client receives at once (P11). */
const REPLY = 'v'.repeat(3_900);

let server: Server;
let logger: Logger;
let folder: string;
let lines: string[];
let bystander: ProtocolClient;
let victim: ProtocolClient;

beforeEach(async () => {
  lines = [];
  folder = mkdtempSync(join(tmpdir(), 'sleigh-containment-'));
  logger = pino(
    { level: 'info', serializers: { error: pino.stdSerializers.err } },
    { write: (line) => void lines.push(line) },
  );
  server = await createServer({
    port: 0,
    logger,
    limits: { longValueBytes: 4_000 },
    tls: { cert: fixture('localhost.crt'), key: fixture('localhost.key') },
    trace: join(folder, 'trace.jsonl'),
  });
  [bystander, victim] = await Promise.all([
    ProtocolClient.ready(server, {}),
    ProtocolClient.ready(server, {}),
  ]);
  expect((await bystander.ask(['open ws', 'w', 'x', 'yes'])).status).toBe('0000');
  expect((await victim.ask(['use ws', 'w', 'x', 'no'])).status).toBe('0000');
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const client of [bystander, victim]) client.reset();
  await server.close();
  rmSync(folder, { recursive: true });
});

type Line = Record<string, unknown>;
const errors = (): Line[] => lines.map((line): Line => JSON.parse(line)).filter(({ level }) => level === 50);

/** Existing clients are served, including large values, and so are new ones. */
async function mustGoOn(): Promise<void> {
  const newcomer = await ProtocolClient.ready(server, {});
  for (const client of [bystander, newcomer]) {
    expect((await client.ask(['use ws', 'w', 'x', 'no'])).status).toBe('0000');
    for (const value of ['small', LARGE]) {
      expect((await client.ask(['store', 'w', 'later', '1', value])).status).toBe('0000');
      expect((await client.ask(['fetch', 'w', 'later'])).value).toBe(value);
    }
  }
  newcomer.reset();
}

describe('an exception while a command of the core is performed', () => {
  it.each<[command: string, arm: () => MockInstance, provoke: () => unknown]>([
    ['send', () => vi.spyOn(Peer.prototype, 'send'), () => victim.begin(['store', 'w', 'a', '1', 'v'])],
    [
      'sendFile',
      () => vi.spyOn(TemporaryFiles.prototype, 'read'),
      async () => {
        expect((await victim.ask(['store', 'w', 'a', '1', LARGE])).status).toBe('0000');
        victim.begin(['find', 'w', 'a']);
      },
    ],
    [
      'flush',
      () => vi.spyOn(Peer.prototype, 'whenFlushed'),
      async () => {
        expect((await victim.ask(['store', 'w', 'a', '1', REPLY])).status).toBe('0000');
        victim.write(encodeRequest(['find', 'w', 'a'], undefined).repeat(500));
      },
    ],
    ['close', () => vi.spyOn(Peer.prototype, 'close'), () => victim.write('no request')],
    [
      'openFile',
      () => vi.spyOn(TemporaryFiles.prototype, 'open'),
      () => victim.begin(['store', 'w', 'a', '1', LARGE]),
    ],
    [
      'writeFile',
      () => vi.spyOn(TemporaryFiles.prototype, 'write'),
      () => victim.begin(['store', 'w', 'a', '1', LARGE]),
    ],
    [
      'finishFile',
      () => vi.spyOn(TemporaryFiles.prototype, 'finish'),
      () => victim.begin(['store', 'w', 'a', '1', LARGE]),
    ],
  ])('in %s ends only that connection, and is logged with its story', async (command, arm, provoke) => {
    const spy = sabotage(arm());
    const peer = `127.0.0.1:${victim.socket.localPort}`;
    await provoke();
    await victim.ended();
    await eventually(() => errors().length > 0, 'it is logged');
    expect(spy).toHaveBeenCalled();
    expect(errors()).toMatchObject([
      {
        msg: 'a command could not be carried out',
        command,
        peer,
        error: { message: 'on purpose' },
        story: expect.arrayContaining([expect.stringContaining('→')]),
      },
    ]);
    await mustGoOn();
    // Half of a value counts as none.
    if (command.endsWith('File') && command !== 'sendFile')
      expect((await bystander.ask(['findTry', 'w', 'a'])).status).toBe('0001');
  });

  it('in startTls ends only that connection', async () => {
    sabotage(vi.spyOn(Peer.prototype, 'startTls'));
    const stranger = await ProtocolClient.open(server);
    stranger.write(`X000R000${encodeDictionary(new Map([['SSL', '1']]))}`);
    await stranger.ended();
    expect(errors()).toMatchObject([{ command: 'startTls' }]);
    await mustGoOn();
  });

  it.each<[command: string, arm: () => MockInstance, provoke: () => unknown]>([
    ['startTimer', () => vi.spyOn(RealTimers.prototype, 'start'), () => ProtocolClient.ready(server, {})],
    ['stopTimer', () => vi.spyOn(RealTimers.prototype, 'stop'), () => ProtocolClient.ready(server, {})],
    [
      'discardFile',
      () => vi.spyOn(TemporaryFiles.prototype, 'discard'),
      async () => {
        expect((await victim.ask(['store', 'w', 'a', '1', LARGE])).status).toBe('0000');
        expect((await victim.ask(['delete var', 'w', 'a'])).status).toBe('0000');
      },
    ],
    [
      'log',
      () => vi.spyOn(logger, 'info'),
      async () => expect((await victim.ask(['sauna'])).status).toBe('0001'),
    ],
  ])('in %s is logged, and ends no connection', async (command, arm, provoke) => {
    sabotage(arm());
    await provoke();
    expect(errors()).toMatchObject([{ command, error: { message: 'on purpose' } }]);
    expect((await victim.ask(['store', 'w', 'b', '1', 'v'])).status).toBe('0000');
    await mustGoOn();
  });

  it('in the logger while it reports an exception ends nothing', async () => {
    vi.spyOn(logger, 'info').mockImplementation(boom);
    vi.spyOn(logger, 'error').mockImplementation(boom);
    expect((await victim.ask(['sauna'])).status).toBe('0001');
    await mustGoOn();
  });

  it('during the stop is logged, and the server stops', async () => {
    sabotage(vi.spyOn(RealTimers.prototype, 'stopAll'));
    expect((await victim.ask(['deadman'])).status).toBe('0000');
    victim.reset();
    bystander.reset();
    await server.stopped;
    expect(errors()).toMatchObject([{ msg: 'something was left behind', error: { message: 'on purpose' } }]);
  });
});

describe('a trace that cannot be written', () => {
  it.each(['write', 'flush'] as const)(
    'in %s ends there with one line in the log, and affects no client',
    async (method) => {
      vi.spyOn(TraceFile.prototype, method).mockImplementation(boom);
      await mustGoOn();
      expect(errors()).toMatchObject([{ msg: 'the trace ends here', error: { message: 'on purpose' } }]);
      const text = readFileSync(join(folder, 'trace.jsonl'), 'utf8');
      expect(text).toMatch(/}\n$/);
      expect((await victim.ask(['store', 'w', 'b', '1', 'v'])).status).toBe('0000');
    },
  );
});

describe('a log on a full disk', () => {
  const FULL = '/dev/full';
  it('affects no client', async ({ skip }) => {
    if (!existsSync(FULL)) skip(`there is no ${FULL} on this machine`);
    const full = openSync(FULL, 'w');
    const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--no-web', '--json'], {
      stdio: ['ignore', 'pipe', full],
    });
    closeSync(full);
    if (child.stdout === null) throw new Error('no output');
    const [line] = await once(child.stdout, 'data');
    const { port }: { port: number } = JSON.parse(String(line));
    const client = await ProtocolClient.ready({ port }, {});
    for (let i = 0; i < 3; i++) expect((await client.ask(['sauna'])).status).toBe('0001');
    expect((await client.ask(['open ws', 'w', 'x', 'no'])).status).toBe('0000');
    client.reset();
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(child.exitCode).toBe(0);
  });
});
