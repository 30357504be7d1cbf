import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NetWorkSpace, Sleigh } from '../../src/client/index.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

/** Run as the user `nobody`; without root the test runs it as the same user, without the token. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Sends the handshakes that need no secret, and prints the reply to each. */
const STRANGER = `
const { connect } = require('node:net');
const port = Number(process.argv[1]);
const tries = ['X000R0000000', 'X000R00000010005Token0000', 'X000R00000010005Token0005guess', '0000', '2222'];
const answers = tries.map((bytes) => new Promise((resolve) => {
  let answer = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  socket.on('data', (data) => (answer += data)).on('close', () => resolve(answer.slice(-4)));
}));
Promise.all(answers).then((all) => console.log(JSON.stringify([process.getuid(), ...all])));
`;

async function asStranger(port: number): Promise<unknown> {
  const child = spawn(process.execPath, ['--eval', STRANGER, String(port)], {
    ...NOBODY,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await text(child.stdout));
}

/** The contents of `ps` and /proc for all processes: arguments, and environments as far as this user may read them. */
function processTexts(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) =>
      ['cmdline', 'environ'].map((file) => {
        try {
          return readFileSync(`/proc/${pid}/${file}`, 'latin1');
        } catch {
          return '';
        }
      }),
    );
}

describe('the server that a master starts for itself', () => {
  let sleigh: Sleigh;
  beforeAll(async () => {
    sleigh = await Sleigh.start({ workers: 1 });
    await sleigh.join(20);
  }, 30_000);
  afterAll(() => sleigh.stop());

  it('admits no other user of the host, even one who knows the port', async () => {
    const { port = 0 } = sleigh.workspace.server;
    const [uid, ...answers] = Object(await asStranger(port));
    expect(uid).toBe(NOBODY.uid ?? process.getuid?.());
    expect(answers).toEqual(['F000', 'F000', 'F000', 'F000', 'F000']);
  });

  it('requires a token of 256 random bits, which appears in no process list and no environment', async () => {
    const { token = '' } = sleigh.workspace.server;
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const texts = processTexts();
    expect(texts.some((each) => each.includes('--token-file'))).toBe(true);
    expect(texts.filter((each) => each.includes(token))).toEqual([]);
  });

  it('keeps the token out of the variables of the job', async () => {
    const { server, name } = sleigh.workspace;
    using ws = await NetWorkSpace.use(name, server);
    const listed = await ws.list();
    expect(listed.length).toBeGreaterThan(5);
    for (const variable of listed.filter(({ values }) => values > 0)) {
      const found = await ws.findTry(variable.name, { as: 'found' });
      const all = JSON.stringify([String(found?.value), ...(found?.metadata ?? [])]);
      expect([variable.name, all.includes(server.token ?? '')]).toEqual([variable.name, false]);
    }
  });

  it('serves no web page', async () => {
    const client = await ProtocolClient.open({ port: sleigh.workspace.server.port ?? 0 });
    // The offer ends with the required authentication; the port of a page would be before it (P2.1).
    expect(Object.keys(await client.greet())).toEqual([
      'MetadataToServer',
      'MetadataFromServer',
      'KillServerOnClose',
      'TokenNonce',
      'Token',
    ]);
    client.reset();
  });

  it('has a new token for each start', async () => {
    await using other = await Sleigh.start({ workers: 0, join: 'elastic' });
    expect(other.workspace.server.token).not.toBe(sleigh.workspace.server.token);
  }, 30_000);
});
