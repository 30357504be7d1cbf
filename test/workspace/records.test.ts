import { describe, expect, test } from 'vitest';
import type { Entity } from '../../src/store/change.ts';
import { RecordReader } from '../../src/store/record.ts';
import { it } from '../support/on-server.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

const kinds = (entities: Iterable<Entity>): string[] => [...entities].map(({ key }) => key.join('/'));

describe('what a server records', () => {
  test('is a workspace, its variables and their values, each with its number', () => {
    const server = new SimulatedServer();
    const client = server.connect();
    client.call(['open ws', 'shop', 'master', 'yes', 'yes']);
    client.call(['store', 'shop', 'x', '1', 'first']);
    client.call(['store', 'shop', 'x', '1', 'second']);
    client.call(['fetch', 'shop', 'x']);
    expect(kinds(server.core.entities())).toEqual(['server', 'workspace/1', 'variable/1/1', 'value/1/1/1']);
    server.end();
  });

  it('is nothing of a workspace that was created with durable = none (W13)', (server) => {
    const client = server.connect();
    client.call(['open ws', 'scratch', 'master', 'yes', 'yes'], { durable: 'none' });
    client.call(['store', 'scratch', 'x', '1', 'value']);
    expect(kinds(server.core.entities())).toEqual(['server']);
    expect(server.core.isTouched).toBe(false);
  });

  it('marks an event that only reads it as one that touches it, and no other', (server) => {
    const client = server.connect();
    expect(server.core.isTouched).toBe(false);
    client.call(['findTry', '__default', 'x']);
    client.call(['use ws', '__default', '', 'no']);
    client.call(['store', '__default', 'x', '1', 'value']);
    client.call(['find', '__default', 'x']);
    expect(server.core.isTouched).toBe(true);
    client.call(['no such verb']);
    expect(server.core.isTouched).toBe(false);
  });

  it('marks an event that only says that something is not there, because its end may not be durable yet (D2)', (server) => {
    const client = server.connect();
    client.call(['open ws', 'shop', 'master', 'yes', 'yes']);
    client.call(['open session', 'a secret', '100']);
    client.call(['store', 'shop', 'x', '1', 'value'], { request: '1' });
    const other = server.connect();
    other.call(['use ws', 'shop', '', 'no']);
    const untouched = [
      ['use ws', 'gone', '', 'no', 'no'],
      ['delete ws', 'gone'],
      ['list wss', 'gone'],
      ['list wss'],
      ['list vars', 'shop'],
      ['fetchTry', 'shop', 'gone'],
      ['findTry', 'shop', 'gone'],
      ['delete var', 'shop', 'gone'],
      ['end lease', '99', 'done'],
    ].filter((request) => {
      other.call(request);
      return !server.core.isTouched;
    });
    expect(untouched).toEqual([]);
    server.connect().call(['resume session', 'another secret']);
    expect(server.core.isTouched).toBe(true);
    // The reply that is kept comes over another connection.
    client.call(['store', 'shop', 'x', '1', 'value'], { request: '1' });
    expect(server.core.isTouched).toBe(true);
  });

  it('refuses another durability, and creates nothing (W13)', (server) => {
    const client = server.connect();
    const reply = client.call(['open ws', 'shop', 'master', 'yes', 'yes'], { durable: 'always' });
    expect(reply.status).toBe('0001');
    expect(reply.metadata['nwsReason']).toBe('durable must be none or journal, not "always".');
    expect(client.call(['use ws', 'shop', '', 'no', 'no']).status).toBe('0100');
  });
});

describe('a reader of records', () => {
  test('names the entity and the field that has another type', () => {
    const record = RecordReader.of({ key: ['value', 1, 2, 3], fields: { descriptor: 'one' } });
    expect(() => record.number('descriptor')).toThrow(
      'the field "descriptor" of value/1/2/3 in the data is not a number',
    );
  });
});
