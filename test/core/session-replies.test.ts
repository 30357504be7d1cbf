import { describe, expect } from 'vitest';
import { it } from '../support/on-server.ts';
import { EMPTY_VALUE, OK } from '../support/replies.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';
import type { SimulatedServer } from '../support/simulated-server.ts';
import { SECRET } from './session-client.ts';

// P15.1: what a client gets that repeats a request over another connection.

const begun = (server: SimulatedServer): SimulatedClient => {
  const client = server.connect();
  expect(client.call(['open session', SECRET, '10'])).toMatchObject(OK);
  return client;
};
const resumed = (server: SimulatedServer): SimulatedClient => {
  const client = server.connect();
  expect(client.call(['resume session', SECRET])).toMatchObject(OK);
  return client;
};
const ask = (client: SimulatedClient, number: number, ...args: string[]) =>
  client.call(args, { request: String(number) });

describe('a request that is repeated gets the reply that it had (P15.1)', () => {
  it('with the metadata of a reply that has no value', (server) => {
    const before = begun(server);
    const reply = ask(before, 1, 'locate ws', 'w');
    expect(reply.metadata).toEqual({ nwsOwner: '' });
    expect(ask(resumed(server), 1, 'locate ws', 'w')).toEqual(reply);
  });

  it('with the reason of a refusal, in the form of its verb', (server) => {
    const before = begun(server);
    ask(before, 1, 'open ws', 'w', '', 'no');
    const long = ask(before, 2, 'fetchTry', 'w', 'v');
    const short = ask(before, 3, 'store', 'unopened', 'v', '1', 'x');
    expect(long).toMatchObject({ status: '0001', reason: 'no value available', ...EMPTY_VALUE });
    expect([short.status, short.descriptor]).toEqual(['2001', undefined]);
    const after = resumed(server);
    expect(ask(after, 2, 'fetchTry', 'w', 'v')).toEqual(long);
    expect(ask(after, 3, 'store', 'unopened', 'v', '1', 'x')).toEqual(short);
  });

  it('as long as it is not acknowledged, also if its client acknowledges nothing', (server) => {
    const before = begun(server);
    const { value } = ask(before, 1, 'mktemp ws');
    ask(before, 2, 'list wss');
    expect(ask(resumed(server), 1, 'mktemp ws').value).toBe(value);
  });

  it('only when the reply is durable, which may not have been sent the first time (D2)', (server) => {
    const before = begun(server);
    ask(before, 1, 'open ws', 'w', '', 'no');
    ask(before, 2, 'locate ws', 'w');
    expect(server.core.isTouched).toBe(false);
    const after = resumed(server);
    ask(after, 1, 'open ws', 'w', '', 'no');
    expect(server.core.isTouched).toBe(true);
    ask(after, 2, 'locate ws', 'w');
    expect(server.core.isTouched).toBe(true);
  });
});
