import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import { encodePart } from '../../src/views/path-part.ts';
import { ask, view, type Answer } from '../support/browser.ts';

const TOKEN = 'a token of the test';
let server: Server;
let url: string;
let client: NwsConnection;
let log: string[];

beforeEach(async () => {
  log = [];
  server = await createServer({
    port: 0,
    logger: pino({}, { write: (line) => void log.push(line) }),
    web: { port: 0, write: true, token: TOKEN },
  });
  url = server.web?.url ?? '';
  client = await NwsConnection.open(server);
  await client.openWorkspace('w');
});
afterEach(async () => {
  client.close();
  await server.close();
});

const change = (method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(url, path, { method, headers: { Authorization: `Bearer ${TOKEN}`, ...headers } });

const logged = (): unknown[] =>
  log
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter(({ msg }) => String(msg).startsWith('the web page'))
    .map(({ msg, workspace, variable, who }) => ({ msg, workspace, variable, who }));

describe('the page with a valid token', () => {
  it('deletes a workspace of any owner (W7), with a line in the log', async () => {
    const waiting = expect(client.fetch('w', 'v')).rejects.toMatchObject({ code: 'purged' });
    const { status, text } = await change('DELETE', '/api/workspaces/w');
    expect({ status, text }).toEqual({ status: 200, text: '{}' });
    await waiting;
    expect((await view(url, '/api/workspaces'))['total']).toBe(1);
    expect(logged()).toEqual([
      { msg: 'the web page deleted a workspace', workspace: 'w', variable: undefined, who: '127.0.0.1' },
    ]);
  });

  it.each(['ä/?', '..', '~'])('deletes a variable of any name, such as %s (V7)', async (variable) => {
    await client.store('w', variable, 'x');
    await client.store('w', 'other', 'x');
    const name = encodePart(Buffer.from(variable).toString('latin1'));
    expect((await change('DELETE', `/api/workspaces/w/variables/${name}`)).status).toBe(200);
    expect((await client.listVariables('w')).map(({ name }) => name)).toEqual(['other']);
    expect(logged()).toMatchObject([{ workspace: 'w', variable }]);
  });

  it('fetches the next value and shows it', async () => {
    await client.store('w', 'v', 'first', new Map([['from', 'me']]));
    await client.store('w', 'v', 'second');
    const { status, text } = await change('POST', '/api/workspaces/w/variables/v/fetch');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      value: { kind: 'text', text: 'first', size: 5, descriptor: 1, metadata: { from: 'me', type: 'text' } },
    });
    expect((await client.fetch('w', 'v')).value).toBe('second');
    expect(logged()).toMatchObject([{ msg: 'the web page fetched a value', workspace: 'w', variable: 'v' }]);
  });

  it('can check whether its token is valid', async () => {
    expect((await change('POST', '/api/token')).status).toBe(200);
    expect((await change('POST', '/api/token', { Authorization: 'Bearer wrong' })).status).toBe(401);
  });

  it.each([
    ['DELETE', '/api/workspaces/none', 404, 'Workspace "none" does not exist.'],
    ['DELETE', '/api/workspaces/none/variables/v', 404, 'No such workspace.'],
    ['DELETE', '/api/workspaces/w/variables/none', 404, 'Variable "none" does not exist in workspace "w".'],
    ['POST', '/api/workspaces/w/variables/none/fetch', 404, 'there is no value to fetch'],
    ['POST', '/api/workspaces/none/variables/v/fetch', 404, 'there is no value to fetch'],
    ['POST', '/api/workspaces/w', 404, 'unknown action'],
    ['DELETE', '/api/workspaces', 404, 'unknown action'],
    ['DELETE', '/api/workspaces/w/variables/v/fetch', 404, 'unknown action'],
  ])('is answered with 404 for an object that does not exist: %s %s', async (method, path, status, error) => {
    const answer = await change(method, path);
    expect({ status: answer.status, text: answer.text }).toEqual({
      status,
      text: JSON.stringify({ error }),
    });
    expect(await client.listVariables('w')).toEqual([]);
    expect(logged()).toEqual([]);
  });

  it('receives the reason of a refusal', async () => {
    await client.declare('w', 'clock', '__time');
    await client.openWorkspace('s', { metadata: new Map([['wstype', 'sleigh']]) });
    const { status, text } = await change('DELETE', '/api/workspaces/s/variables/task');
    expect(status).toBe(409);
    expect(JSON.parse(text)).toHaveProperty('error', expect.stringMatching(/task/));
  });

  it('does not fetch a value that is too large to show, which would lose it', async () => {
    await client.store('w', 'v', new Uint8Array(17 << 20));
    const { status } = await change('POST', '/api/workspaces/w/variables/v/fetch');
    expect(status).toBe(413);
    expect((await client.listVariables('w'))[0]?.values).toBe(1);
  });

  it('leaves no connection open', async () => {
    await client.store('w', 'v', 'x');
    await change('POST', '/api/workspaces/w/variables/v/fetch');
    await change('DELETE', '/api/workspaces/w/variables/none');
    expect((await view(url, '/api/clients'))['total']).toBe(1);
  });
});

describe('nothing is changed', () => {
  const REFUSED: [string, Record<string, string>, number][] = [
    ['without a token', { Authorization: '' }, 401],
    ['with a wrong token', { Authorization: 'Bearer another' }, 401],
    ['with half of it', { Authorization: `Bearer ${TOKEN.slice(0, 5)}` }, 401],
    ['with the token said otherwise', { Authorization: `Basic ${TOKEN}` }, 401],
    ['with the token in a cookie', { Authorization: '', Cookie: `token=${TOKEN}` }, 401],
    ['from another site', { Origin: 'http://evil.example' }, 403],
    ['from another port of this machine', { Origin: 'http://127.0.0.1:1' }, 403],
    ['from a page without an origin of its own', { Origin: 'null' }, 403],
    ['across sites, by what the browser says', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['within a site of several names', { 'Sec-Fetch-Site': 'same-site' }, 403],
  ];
  it.each(REFUSED)('%s', async (_how, headers, status) => {
    await client.store('w', 'v', 'x');
    for (const [method, path] of [
      ['DELETE', '/api/workspaces/w'],
      ['DELETE', '/api/workspaces/w/variables/v'],
      ['POST', '/api/workspaces/w/variables/v/fetch'],
    ] as const)
      expect((await change(method, path, headers)).status).toBe(status);
    expect((await client.fetchTry('w', 'v'))?.value).toBe('x');
    expect(logged()).toEqual([]);
  });

  it('by a GET', async () => {
    await client.store('w', 'v', 'x');
    expect((await change('GET', '/api/workspaces/w/variables/v/fetch')).status).toBe(404);
    expect((await client.fetchTry('w', 'v'))?.value).toBe('x');
  });

  it('if the server was started without writes, whatever the token', async () => {
    const readOnly = await createServer({ port: 0, logLevel: 'silent', web: { port: 0, token: TOKEN } });
    const address = readOnly.web?.url ?? '';
    const { status, text } = await ask(address, '/api/workspaces/__default', {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${TOKEN}` },
    });
    expect({ status, text }).toEqual({
      status: 403,
      text: '{"error":"changes are disabled; start the server with --web-write"}',
    });
    expect((await view(address, '/api/overview'))['writable']).toBe(false);
    await readOnly.close();
  });

  it('without the page as origin, and everything is with it', async () => {
    const origin = url.slice(0, -1);
    const { status } = await change('DELETE', '/api/workspaces/w', {
      Origin: origin,
      'Sec-Fetch-Site': 'same-origin',
    });
    expect(status).toBe(200);
  });
});
