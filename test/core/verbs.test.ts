import { describe, expect, test } from 'vitest';
import { it } from '../support/on-server.ts';
import { OK, refused } from '../support/replies.ts';
import { simulated } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

/** V4, V10. */
const GETS: [verb: string, takes: boolean, waits: boolean, iterates: boolean][] = [
  ['fetch', true, true, false],
  ['fetchTry', true, false, false],
  ['find', false, true, false],
  ['findTry', false, false, false],
  ['ifetch', true, true, true],
  ['ifetchTry', true, false, true],
  ['ifind', false, true, true],
  ['ifindTry', false, false, true],
];

const NOT_AT_HEAD = 'ifetch* only supported at beginning of FIFO';

describe.each(GETS)('the verb %s', (verb, takes, waits, iterates) => {
  test(
    `gets the first value, and ${takes ? 'removes' : 'keeps'} it`,
    simulated((server) => {
      const visitor = Visitor.of(server, 'w');
      for (const value of ['a', 'b']) visitor.store('v', value);
      expect(visitor.get(verb, 'v').value).toBe('a');
      expect(visitor.read('v')).toBe(takes ? 'b' : 'a');
    }),
  );

  test(
    `${iterates ? 'continues' : 'does not continue'} after the value that it names`,
    simulated((server) => {
      const visitor = Visitor.of(server, 'w');
      for (const value of ['a', 'b']) visitor.store('v', value);
      const { variableId = '', index } = visitor.get('findTry', 'v');
      const reply = visitor.get(verb, 'v', { after: { variableId, index } });
      if (iterates && takes) expect(reply).toMatchObject(refused(NOT_AT_HEAD));
      else expect(reply.value).toBe(iterates ? 'b' : 'a');
    }),
  );

  test(
    `${waits ? 'waits' : 'does not wait'} for a value`,
    simulated((server) => {
      const [visitor, other] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
      visitor.ask(verb, 'v');
      expect(visitor.isWaiting).toBe(waits);
      other.store('v', 'x');
      expect(visitor.reply()).toMatchObject(waits ? { ...OK, value: 'x' } : refused('no value available'));
      expect(other.read('v')).toBe(waits && takes ? undefined : 'x');
    }),
  );
});

it('a take waits for a value, and takeTry does not (V13)', (server) => {
  const [visitor, other] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
  expect(visitor.client.call(['takeTry', 'w', 'v', '1000'])).toMatchObject(refused('no value available'));
  visitor.client.send(['take', 'w', 'v', '1000']);
  expect(visitor.isWaiting).toBe(true);
  other.store('v', 'x');
  expect(visitor.reply()).toMatchObject({ ...OK, value: 'x' });
  expect(other.read('v')).toBeUndefined();
});

it('mktemp ws makes a name from the template of the client, if it gives one (W8)', (server) => {
  const client = server.connect();
  expect(client.call(['mktemp ws', 'mine_%d']).value).toMatch(/^mine_/);
  expect(client.call(['mktemp ws']).value).toMatch(/^__ws__/);
});

it('list vars says how many tasks of an old-style job run and are lost, if it is asked for that (W12)', (server) => {
  const visitor = Visitor.of(server, 'old');
  visitor.store('task', 'a task');
  const list = (metadata: Record<string, string>) => visitor.client.call(['list vars', 'old'], metadata);
  expect(list({ job: '1' }).metadata).toMatchObject({ nwsLost: '0' });
  for (const metadata of [{}, { job: '0' }]) expect(list(metadata).metadata).toEqual({});
});
