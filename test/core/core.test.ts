import { afterEach, describe, expect, test, vi } from 'vitest';
import { Core, type CoreOptions } from '../../src/core/core.ts';
import type { Command, CoreEvent } from '../../src/core/commands.ts';
import { Connection } from '../../src/core/connection.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { it } from '../support/on-server.ts';
import { recovered } from '../support/projection.ts';
import { OK } from '../support/replies.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';
import { SessionClient } from './session-client.ts';

afterEach(() => vi.restoreAllMocks());

const OPTIONS: CoreOptions = { limits: DEFAULT_LIMITS, plugins: new Map(), tls: 'none', run: 'run7' };
const limits = { longValueBytes: 5_000 };
const LARGE = 'large '.repeat(1_000);
const PEER = 'elsewhere:4000';

/** The bytes that a core sends in answer to an event. */
const sent = (core: Core, event: CoreEvent): string =>
  core
    .handle(event, 0)
    .map((command) => (command.type === 'send' ? String(command.bytes) : ''))
    .join('');
const received = (core: Core, connection: number, text: string): string =>
  sent(core, { type: 'received', connection, bytes: Buffer.from(text) });

const guarded = (): Core =>
  new Core({ ...OPTIONS, admits: () => false, nonceOf: (connection) => `nonce of ${connection}` });

describe('the handshake of a server with a token (P2.5)', () => {
  test('offers each connection a nonce of its own', () => {
    const core = guarded();
    for (const connection of [1, 2]) {
      core.handle({ type: 'connected', connection, peer: PEER }, 0);
      expect(received(core, connection, 'X000')).toContain(`nonce of ${connection}`);
    }
  });

  test('needs the token unless the connection comes from inside', () => {
    const core = guarded();
    const answers = [{}, { isInside: false }, { isInside: true }].map((inside, connection) => {
      core.handle({ type: 'connected', connection, peer: PEER, ...inside }, 0);
      received(core, connection, 'X000');
      return received(core, connection, 'R0000000');
    });
    expect(answers).toEqual(['F000', 'F000', 'A000']);
  });
});

it('the id of a variable has 20 characters, begins with the name of the run, and is its own (V9)', (server) => {
  const visitor = Visitor.of(server, 'w');
  const ids = ['a', 'b', 'c'].map((name) => {
    visitor.store(name, 'x');
    return visitor.get('find', name).variableId ?? '';
  });
  for (const id of ids) expect(id).toMatch(/^run7\d{16}$/);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('a fault in what must not prevent the rest', () => {
  test('is logged with its error', () => {
    const core = new Core(OPTIONS);
    core.handle({ type: 'connected', connection: 1, peer: PEER }, 0);
    const error = new Error('on purpose');
    vi.spyOn(Connection.prototype, 'disconnected').mockImplementation(() => {
      throw error;
    });
    expect(core.handle({ type: 'disconnected', connection: 1 }, 0)).toEqual([
      { type: 'log', level: 'error', message: 'something could not be done', fields: { error } },
    ]);
    expect(core.counts.connections).toBe(0);
  });
});

describe('files of a server that is started again (P11, D4)', () => {
  /** The files that the next server makes available. */
  const restoring = (server: SimulatedServer): number[] => {
    const core = new Core({ ...OPTIONS, limits: { ...DEFAULT_LIMITS, ...limits }, isStored: true });
    const commands: Command[] = [];
    recovered(server.stored, core, server.now, (command) => void commands.push(command));
    return commands.flatMap((command) => (command.type === 'restoreFile' ? command.file.file : []));
  };

  it(
    'are made available once each, even those that a value and a kept reply have',
    (server) => {
      const session = new SessionClient(server);
      session.call(['use ws', 'kept', 'me', 'yes']);
      const other = Visitor.of(server, 'kept');
      other.client.call(['open ws', 'kept', 'me', 'yes']);
      for (const name of ['a', 'b'])
        expect(session.call(['store', 'kept', name, '1', LARGE])).toMatchObject(OK);
      session.send(['takeTry', 'kept', 'a', '600000']);
      expect(session.client.reply()).toMatchObject({ value: LARGE });
      expect(restoring(server).toSorted((a, b) => a - b)).toEqual([1, 2]);
    },
    { limits },
  );

  test('have numbers that new files do not get', () => {
    const first = new SimulatedServer({ limits });
    const visitor = Visitor.of(first, 'kept');
    visitor.client.call(['open ws', 'kept', 'me', 'yes']);
    for (const text of ['a', 'b']) visitor.store('v', LARGE + text);
    const second = first.crash();
    const back = Visitor.of(second, 'kept');
    for (const text of ['c', 'd']) expect(back.store('v', LARGE + text)).toMatchObject(OK);
    const last = Visitor.of(second.crash(), 'kept');
    for (const text of ['a', 'b', 'c', 'd']) expect(last.get('fetch', 'v').value).toBe(LARGE + text);
    last.client.server.end();
  });

  test('are not discarded with the reply to a take, while the value is leased (V13, P15.1)', () => {
    const first = new SimulatedServer({ limits });
    const session = new SessionClient(first);
    session.call(['open ws', 'kept', 'me', 'yes']);
    session.call(['store', 'kept', 'v', '1', LARGE]);
    session.send(['takeTry', 'kept', 'v', '600000']);
    const { metadata } = session.client.reply();
    const lease = metadata['nwsLease'] ?? '';
    const second = first.crash();
    session.resume(second);
    session.repeat(['takeTry', 'kept', 'v', '600000']);
    expect(session.reply()).toMatchObject({ value: LARGE });
    // This acknowledges the reply.
    expect(session.call(['end lease', lease, 'back'])).toMatchObject(OK);
    expect(session.call(['find', 'kept', 'v'])).toMatchObject({ value: LARGE });
    second.end();
  });
});

/** A server takes up a store with records of that format. */
const restore = (format: number) => (): void =>
  new Core({ ...OPTIONS, isStored: true }).restore({ key: ['server'], fields: { format, run: 'run7' } }, 0);

describe('the format of the records', () => {
  test('is 1, and a store of another format is not used', () => {
    const server = new SimulatedServer();
    expect(server.stored).toEqual([{ key: ['server'], fields: { format: 1, run: 'run7' } }]);
    expect(restore(1)).not.toThrow();
    expect(restore(2)).toThrow('2');
  });
});
