import { describe, expect, vi } from 'vitest';
import { it } from '../support/on-server.ts';
import { OK, refused } from '../support/replies.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';
import type { SimulatedServer } from '../support/simulated-server.ts';
import { SECRET } from './session-client.ts';

// D18: a session that a server opens for its client in several partitions.

const GRACE = '30';
const ELSEWHERE = refused('The client of this session has come back over another connection.');

const opened = (server: SimulatedServer, arrival: number, secret = SECRET): SimulatedClient => {
  const client = server.connect();
  client.send(['open session', secret, GRACE], { arrival: String(arrival) });
  return client;
};

/** The reply to a server that takes the session up. */
const resumed = (server: SimulatedServer, arrival: number) =>
  server.connect().call(['resume session', SECRET], { arrival: String(arrival) });

const says = (arrival: number, partitions = '') => ({
  ...OK,
  metadata: { nwsGrace: GRACE, arrival: String(arrival), partitions },
});

/** The record of the only session. */
const recordOf = (server: SimulatedServer) => server.stored.find(({ key: [kind] }) => kind === 'session');

describe('a session in several partitions (D18.1)', () => {
  it('counts how often its client has come', (server) => {
    expect(opened(server, 0).reply()).toMatchObject(says(1));
    expect(resumed(server, 0)).toMatchObject(says(2));
    expect(opened(server, 0).reply()).toMatchObject(says(3));
  });

  it('has the number of the home in a further partition, and is taken from nobody by a smaller one', (server) => {
    expect(opened(server, 5).reply()).toMatchObject(says(5));
    expect(resumed(server, 5)).toMatchObject(says(5));
    const latest = opened(server, 7);
    expect(latest.reply()).toMatchObject(says(7));
    expect(resumed(server, 6)).toMatchObject(ELSEWHERE);
    expect(latest.closed).toBe(false);
    expect(resumed(server, 0)).toMatchObject(says(8));
    expect(latest.closed).toBe(true);
  });

  it('counts nothing if its connection is no link of a server', (server) => {
    const client = server.connect();
    expect(client.call(['open session', SECRET, GRACE]).metadata).toEqual({ nwsGrace: GRACE });
    expect(recordOf(server)?.fields).toEqual({
      secret: SECRET,
      grace: 30,
      peer: client.peer,
      last: 0,
      workspaces: [],
      owned: [],
    });
    expect(server.connect().call(['resume session', SECRET]).metadata).toEqual({ nwsGrace: GRACE });
  });

  it('lists the partitions that it has noted, each once', (server) => {
    const home = opened(server, 0);
    home.skip();
    for (const partition of ['7', '3', '7'])
      expect(home.call(['note partition', partition])).toMatchObject(OK);
    expect(resumed(server, 0)).toMatchObject(says(2, '7 3'));
  });

  it('says of its client what is durable (D2)', (server) => {
    opened(server, 5).skip();
    expect(resumed(server, 4)).toMatchObject(ELSEWHERE);
    expect(server.core.isTouched).toBe(true);
  });

  it('changes nothing in the store when the client comes to the same server again', (server) => {
    opened(server, 5).skip();
    const taken = vi.spyOn(server.core, 'takeChanges');
    expect(resumed(server, 5)).toMatchObject(says(5));
    expect(taken.mock.results.flatMap(({ value }) => value)).toEqual([]);
    expect(resumed(server, 6)).toMatchObject(says(6));
    expect(taken.mock.results.flatMap(({ value }) => value)).toHaveLength(1);
  });
});

describe('a session in several partitions whose server is started again', () => {
  it('goes on counting', (first) => {
    opened(first, 0).skip();
    const second = first.crash();
    expect(resumed(second, 0)).toMatchObject(says(2));
    const third = second.crash();
    expect(resumed(third, 1)).toMatchObject(ELSEWHERE);
    expect(resumed(third, 2)).toMatchObject(says(2));
    third.end();
  });

  it('still has its partitions', (first) => {
    const home = opened(first, 0);
    home.skip();
    home.call(['note partition', '9']);
    const second = first.crash();
    expect(resumed(second, 0)).toMatchObject(says(2, '9'));
    second.end();
  });

  it('still has partitions that were noted over a connection that does not count', (first) => {
    const client = first.connect();
    client.call(['open session', SECRET, GRACE]);
    client.call(['note partition', '9']);
    const second = first.crash();
    expect(resumed(second, 0)).toMatchObject(says(1, '9'));
    second.end();
  });
});
