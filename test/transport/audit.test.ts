import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createServer, type Server, type ServerOptions } from '../../src/index.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { eventually } from '../support/eventually.ts';

let server: Server;
let lines: Record<string, unknown>[] = [];
afterEach(() => server.close());

async function start(options: ServerOptions): Promise<void> {
  lines = [];
  const logger = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
  server = await createServer({ port: 0, logger, ...options });
}

const auditLines = (): Record<string, unknown>[] => lines.filter(({ audit }) => audit === true);

/** Audit lines, when there are enough of them. */
async function audited(count: number): Promise<Record<string, unknown>[]> {
  await eventually(() => auditLines().length >= count, `${count} lines`);
  return auditLines();
}

const at = (): { host: string; port: number } => ({ host: '127.0.0.1', port: server.port });
const options = (entries: Record<string, string>): string =>
  `X000R000${encodeDictionary(new Map(Object.entries(entries)))}`;

describe('the audit log', () => {
  it('records who deleted a workspace and who shut a job down', async () => {
    await start({});
    const client = await ProtocolClient.ready(at());
    await client.ask(['open ws', 'job', 'me', 'yes'], { wstype: 'sleigh' });
    await client.ask(['open ws', 'plain', 'me', 'yes']);
    await client.ask(['store', 'plain', 'Sleigh ride over', '1', '1']);
    await client.ask(['store', 'job', 'Sleigh ride over', '1', '1']);
    await client.ask(['delete ws', 'no such workspace']);
    await client.ask(['delete ws', 'plain']);
    const peer = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
    expect(await audited(2)).toEqual([
      expect.objectContaining({ level: 30, msg: 'a client shut a job down', workspace: 'job', peer }),
      expect.objectContaining({ level: 30, msg: 'a client deleted a workspace', workspace: 'plain', peer }),
    ]);
  });

  it.each([
    ['deadman', {}, true],
    ['KillServerOnClose', { KillServerOnClose: '1' }, false],
  ])('records who stopped the server, by %s', async (_, wanted, isVerb) => {
    await start({});
    const client = await ProtocolClient.ready(server, wanted);
    if (isVerb) await client.ask(['deadman']);
    client.reset();
    await server.stopped;
    expect((await audited(2)).map(({ msg }) => msg)).toEqual([
      'the server stops when the connection of this client closes',
      'the server stops: a client asked for it',
    ]);
  });

  it('records who was not admitted, and never the secret that was sent', async () => {
    await start({ admission: { token: 'sesame', allow: ['127.0.0.1'] } });
    for (const bytes of [options({ Token: 'guess' }), '0000']) {
      const client = await ProtocolClient.open(server);
      client.write(bytes);
      await client.ended();
    }
    expect((await audited(2)).map(({ msg, option }) => [msg, option])).toEqual([
      ['option denied', 'Token'],
      ['option denied', 'Token'],
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/guess|sesame/);
    await server.close();
    await start({ admission: { allow: ['10.0.0.0/8'] } });
    await (await ProtocolClient.open(server)).ended();
    expect(await audited(1)).toEqual([
      expect.objectContaining({ msg: 'connection refused: the address is not allowed' }),
    ]);
    await server.close();
    await start({ limits: { connectionCount: 0 } });
    await (await ProtocolClient.open(server)).ended();
    expect(await audited(1)).toEqual([
      expect.objectContaining({ msg: 'connection refused: over the limit' }),
    ]);
  });
});

/** Whether it can be stopped: its offer and its reply. */
async function tries(): Promise<{ offers: boolean; option: string; verb: string }> {
  const looking = await ProtocolClient.open(at());
  const offers = 'KillServerOnClose' in (await looking.greet());
  looking.reset();
  const wanting = await ProtocolClient.open(at());
  await wanting.greet();
  const option = await wanting.offerOptions({ KillServerOnClose: '1' });
  const client = await ProtocolClient.ready(at());
  const { status, reason } = await client.ask(['deadman']);
  return { offers, option, verb: `${status} ${reason}`.trim() };
}

describe('a server that clients may not stop (P3)', () => {
  it('is the default if it listens beyond loopback', async () => {
    await start({ host: '0.0.0.0' });
    expect(await tries()).toEqual({
      offers: false,
      option: 'F000',
      verb: '0001 Refused: clients may not stop this server.',
    });
    const client = await ProtocolClient.ready(at());
    client.reset();
    expect((await ProtocolClient.ready(at())).hasEnded).toBe(false);
  });

  it('can be configured, and so can the opposite', async () => {
    await start({ deadman: false });
    expect((await tries()).verb).toMatch(/^0001/);
    await server.close();
    await start({ host: '0.0.0.0', deadman: true });
    expect(await tries()).toEqual({ offers: true, option: 'A000', verb: '0000' });
  });

  it.each(['127.0.0.1', 'localhost', '127.0.0.2'])('is not the default if it listens on %s', async (host) => {
    await start({ host });
    const client = await ProtocolClient.open({ host, port: server.port });
    expect(await client.greet()).toHaveProperty('KillServerOnClose');
  });
});
