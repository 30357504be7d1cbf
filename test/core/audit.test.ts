import { expect, test, vi } from 'vitest';
import { it } from '../support/on-server.ts';
import { OK } from '../support/replies.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';

// What clients do to others has a line in the log that auditors find by its field `audit`.

/** A server, and what its log has for auditors. */
function audited() {
  const server = new SimulatedServer();
  const { calls } = vi.spyOn(server.core, 'log').mock;
  const lines = () => calls.filter(([, , fields]) => fields !== undefined && 'audit' in fields);
  return { server, lines };
}

/** A client with a job and another workspace. */
function prepared(server: SimulatedServer): SimulatedClient {
  const client = server.connect();
  for (const [name, metadata] of [
    ['job', { wstype: 'sleigh' }],
    ['plain', {}],
  ] as const)
    expect(client.call(['open ws', name, 'me', 'yes'], metadata)).toMatchObject(OK);
  return client;
}

const RIDE_OVER = 'Sleigh ride over';

test.each<[string, request: string[], message: string, fields: object]>([
  ['who deletes a workspace', ['delete ws', 'plain'], 'a client deleted a workspace', { workspace: 'plain' }],
  [
    'who shuts a job down',
    ['store', 'job', RIDE_OVER, '1', 'x'],
    'a client shut a job down',
    { workspace: 'job' },
  ],
  [
    'who shuts a job down, and would have waited for it',
    ['storeWait', 'job', RIDE_OVER, '1', 'x'],
    'a client shut a job down',
    { workspace: 'job' },
  ],
  [
    'with whose connection the server stops (P3)',
    ['deadman'],
    'the server stops when the connection of this client closes',
    {},
  ],
])('the log says %s', (_what, request, message, fields) => {
  const { server, lines } = audited();
  const client = prepared(server);
  expect(client.call(request)).toMatchObject(OK);
  expect(lines()).toEqual([['info', message, { audit: true, peer: client.peer, ...fields }]]);
});

test.each<[string, request: string[]]>([
  ['uses a workspace', ['use ws', 'plain', 'me', 'no']],
  ['lists its variables', ['list vars', 'plain']],
  ['stores a value in a job', ['store', 'job', 'task', '1', 'x']],
  ['stores a value of that name elsewhere', ['store', 'plain', RIDE_OVER, '1', 'x']],
  ['looks whether a job is over', ['findTry', 'job', RIDE_OVER]],
  ['may not delete a workspace that is not there', ['delete ws', 'another']],
  ['stores in a workspace that is not there', ['store', 'another', RIDE_OVER, '1', 'x']],
])('auditors are told nothing of a client that %s', (_what, request) => {
  const { server, lines } = audited();
  prepared(server).call(request);
  expect(lines()).toEqual([]);
});

it('the log says which option of a handshake was denied (P2.3)', (server) => {
  const { calls } = vi.spyOn(server.core, 'log').mock;
  const client = server.accept();
  client.write('X000');
  client.write('R00000010005Speed00011');
  const { peer } = client;
  expect(calls).toEqual([['info', 'option denied', { audit: true, peer, option: 'Speed' }]]);
});

it('the log says that the server stops, and whose connection has closed (P3)', (server) => {
  const client = server.connect({ options: { KillServerOnClose: '1', MetadataFromServer: '1' } });
  const { peer } = client;
  const { calls } = vi.spyOn(server.core, 'log').mock;
  client.disconnect();
  expect(server.stopRequested).toBe(true);
  expect(calls).toEqual([['info', 'the server stops: a client asked for it', { audit: true, peer }]]);
});
