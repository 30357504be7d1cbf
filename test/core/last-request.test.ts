import { describe, expect } from 'vitest';
import { it } from '../support/on-server.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';

const lastOf = ({ server, id }: SimulatedClient) => server.core.connection(id).lastRequest;
const requestsOf = ({ server, id }: SimulatedClient) => server.core.connection(id).requests;

describe('the last request of a connection', () => {
  it('is none before the first', (server) => {
    const client = server.connect();
    expect([lastOf(client), requestsOf(client)]).toEqual([undefined, 0]);
  });

  it('has its verb, the workspace and the variable that it names, and the time', (server) => {
    const client = server.connect();
    const asks = (...args: string[]) => {
      client.call(args);
      return lastOf(client);
    };
    const of = (verb: string, workspace?: string, variable?: string) => ({
      verb,
      workspace,
      variable,
      at: server.now,
      waits: false,
    });
    expect(asks('open ws', 'w', 'the label', 'no')).toEqual(of('open ws', 'w'));
    server.advance(1_000);
    expect(asks('store', 'w', 'v', '1', 'x')).toEqual(of('store', 'w', 'v'));
    expect(asks('list vars', 'w')).toEqual(of('list vars', 'w'));
    expect(asks('mktemp ws', 'template %d')).toEqual(of('mktemp ws'));
    expect(asks('open session', 'the secret', '10')).toEqual(of('open session'));
    expect(asks('nonsense', 'x', 'y')).toEqual(of('other'));
    expect(requestsOf(client)).toBe(6);
  });

  it('is the one that waits, since it came', (server) => {
    const client = server.connect();
    client.call(['open ws', 'w', '', 'no']);
    const at = server.now;
    client.send(['fetch', 'w', 'v']);
    server.advance(1_000);
    expect(lastOf(client)).toEqual({ verb: 'fetch', workspace: 'w', variable: 'v', at, waits: true });
  });

  it('has at most the first 255 characters of a name, whatever its characters', (server) => {
    const client = server.connect();
    const named = (length: number) => {
      client.call(['delete ws', '\xe9'.repeat(length)]);
      return lastOf(client)?.workspace;
    };
    expect(named(255)).toBe('\xe9'.repeat(255));
    expect(named(256)).toBe('\xe9'.repeat(255));
  });
});
