import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TlsStarter } from '../../src/transport/tls.ts';
import { openField } from '../support/open-fields.ts';

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const TLS = { cert: fixture('localhost.crt'), key: fixture('localhost.key') };
const OTHER = { cert: fixture('client.crt'), key: fixture('client.key') };

let net: Server;
beforeAll(async () => {
  net = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(net, 'listening');
});
afterAll(() => net.close());

/** Both ends of a connection without TLS. */
async function connected(): Promise<{ near: Socket; far: Socket }> {
  const address = net.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen');
  const accepted = new Promise<Socket>((resolve) => net.once('connection', resolve));
  const near = connect(address.port, '127.0.0.1').on('error', () => undefined);
  const far = (await accepted).on('error', () => undefined);
  return { near, far };
}

/** The name in the certificate that a client is shown. */
async function nameShown(starter: TlsStarter): Promise<unknown> {
  const { near, far } = await connected();
  const secured = new Promise<TLSSocket>((resolve) => starter.start(far, resolve));
  const client = connectTls({ socket: near, rejectUnauthorized: false });
  const [secure] = await Promise.all([secured, once(client, 'secureConnect')]);
  const { subject } = client.getPeerCertificate();
  client.destroy();
  secure.destroy();
  return subject.CN;
}

describe('TLS on connections that began without it (P2.3)', () => {
  it('shows the certificate that was given last, if it can be used', async () => {
    const starter = new TlsStarter(TLS);
    const name = await nameShown(starter);
    starter.reload(OTHER);
    const other = await nameShown(starter);
    expect(other).not.toBe(name);
    expect(() => starter.reload({ ...TLS, key: OTHER.key })).toThrow(
      expect.objectContaining({ code: 'bad-certificate' }),
    );
    expect(await nameShown(starter)).toBe(other);
  });

  it('is refused with a certificate that cannot be used, and the reason', () => {
    expect(() => new TlsStarter({ cert: 'x', key: 'y' })).toThrow(
      expect.objectContaining({ code: 'bad-certificate', cause: expect.any(Error) }),
    );
  });

  it('waits for a client that is slow, and forgets one that is gone', async () => {
    const starter = new TlsStarter(TLS);
    const { near, far } = await connected();
    starter.start(far, () => undefined);
    // A wait that Node cannot measure would be over after a millisecond.
    await sleep(10);
    expect(far.destroyed).toBe(false);
    const waiting = openField(starter, 'waiting', Map);
    expect(waiting.size).toBe(1);
    near.end('this is no TLS');
    await once(far, 'close');
    expect(waiting.size).toBe(0);
    near.destroy();
  });
});
