import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ConnectOptions } from '../../src/client/connection/channel-options.ts';
import { openRequester } from '../../src/client/connection/open-requester.ts';
import type { Requester } from '../../src/client/connection/requester.ts';
import type { TermsOptions } from '../../src/wire/handshake.ts';
import { KEY, VERB } from '../../src/wire/names.ts';
import { fateOf, longReply, shortReply } from '../support/server-line.ts';
import { obliging, ScriptedServer, type Answer } from '../support/scripted-server.ts';

const NONE: ReadonlyMap<string, string> = new Map();
const isSession = (verb: string): boolean => verb.endsWith('session');

/** A server that knows sessions, with this grace, and answers the other requests like this. */
function sessionServer(answer: Answer = obliging, grace = '20', terms: Partial<TermsOptions> = {}) {
  const server = new ScriptedServer(
    (asked, at) =>
      isSession(asked.args[0] ?? '') ? shortReply('0000', new Map([[KEY.grace, grace]])) : answer(asked, at),
    terms,
  );
  const holds = { made: 0, stopped: 0 };
  /** When connections were tried, in milliseconds. */
  const tried: number[] = [];
  const platform = {
    ...server.platform(),
    holdProcess: () => {
      holds.made++;
      return { stop: () => void holds.stopped++ };
    },
  };
  const open = (options: ConnectOptions = { reconnectGrace: 30 }): Promise<Requester> =>
    openRequester({
      ...options,
      open: () => {
        tried.push(server.clock.now());
        return server.channel();
      },
      platform,
    });
  return { server, open, holds, tried };
}

/** Lets time pass, and everything that it causes. */
async function pass(server: ScriptedServer, milliseconds: number): Promise<void> {
  server.clock.advance(milliseconds);
  for (let n = 0; n < 5; n++) await endOfTurn();
}

async function cut(server: ScriptedServer): Promise<void> {
  server.lines.at(-1)?.destroy();
  for (let n = 0; n < 3; n++) await endOfTurn();
}

describe('a session', () => {
  it.each<[options: ConnectOptions, terms: Partial<TermsOptions>, opened: string[], grace: number]>([
    [{}, {}, [], 0],
    [{ reconnectGrace: 0 }, { durability: 'journal' }, [], 0],
    [{ reconnectGrace: 'stored' }, {}, [], 0],
    [{ reconnectGrace: 'stored' }, { durability: 'journal' }, ['0: open session | secret 1 | 60'], 20],
    [{ reconnectGrace: 7 }, {}, ['0: open session | secret 1 | 7'], 20],
    [{ reconnectGrace: Infinity }, {}, [`0: open session | secret 1 | ${Number.MAX_SAFE_INTEGER}`], 20],
  ])('is opened with %o on a server that offers %o', async (options, terms, opened, grace) => {
    const { server, open } = sessionServer(obliging, '20', { webPort: 80, ...terms });
    const session = await open(options);
    expect([server.taken(), session.grace, session.isLost]).toEqual([opened, grace, false]);
    expect([session.address, session.serverHasPage]).toEqual(['ada:8765', true]);
    expect(session.clock).toBe(server.clock);
  });

  it('is the connection itself on a server that knows none', async () => {
    const server = new ScriptedServer(() => shortReply('2000'));
    const session = await openRequester({
      reconnectGrace: 30,
      open: () => server.channel(),
      platform: server.platform(),
    });
    expect([session.grace, server.asked.length]).toEqual([0, 1]);
  });

  it('numbers its requests, and says which was answered last (P15.1)', async () => {
    const { server, open } = sessionServer();
    const session = await open();
    await Promise.all([1, 2].map(() => session.exchange([VERB.listWss], new Map([['k', 'v']]))));
    await (await session.exchangeForStream([VERB.fetchTry, 'w', 'v'], NONE)).stream?.toArray();
    expect(server.asked.slice(1).map(({ metadata }) => Object.fromEntries(metadata))).toEqual([
      { k: 'v', [KEY.request]: '1', [KEY.answered]: '0' },
      { k: 'v', [KEY.request]: '2', [KEY.answered]: '0' },
      { [KEY.request]: '3', [KEY.answered]: '2' },
    ]);
  });

  it('repeats what was not answered when it is back, with the same numbers (P15.2)', async () => {
    let isAnswered = true;
    const { server, open, holds } = sessionServer((asked, at) =>
      isAnswered ? obliging(asked, at) : undefined,
    );
    const session = await open();
    await session.exchange([VERB.listWss], NONE);
    isAnswered = false;
    const fates = [
      fateOf(session.exchange([VERB.store, 'w', 'v', '1', 'x'], NONE)),
      fateOf(session.exchange([VERB.store, 'w', 'v', '1', Buffer.alloc(5_000)], NONE)),
    ];
    await endOfTurn();
    server.taken();
    await cut(server);
    expect([session.isLost, holds]).toEqual([false, { made: 1, stopped: 0 }]);
    // What is asked meanwhile waits, too.
    fates.push(fateOf(session.exchange([VERB.deleteWs, 'w'], NONE)));
    isAnswered = true;
    await pass(server, 49);
    expect(server.lines).toHaveLength(1);
    await pass(server, 1);
    expect(holds).toEqual({ made: 1, stopped: 1 });
    const numbers = server.asked.map(({ args, metadata }) => [
      args[0],
      metadata.get(KEY.request),
      metadata.get(KEY.answered),
    ]);
    expect(server.asked[0]?.args).toEqual([VERB.resumeSession, 'secret 1']);
    expect(numbers.slice(1)).toEqual([
      ['store', '2', '1'],
      ['store', '3', '1'],
      ['delete ws', '4', '1'],
    ]);
    for (const { outcome } of fates) expect(outcome).toMatchObject({ status: '0000' });
    // And again.
    await cut(server);
    await pass(server, 50);
    expect([server.lines.length, holds, session.isLost]).toEqual([3, { made: 2, stopped: 2 }, false]);
  });

  it('keeps its process alive while it has no connection, unless it is not to', async () => {
    const { server, open, holds } = sessionServer();
    await open({ reconnectGrace: 30, unref: true });
    await cut(server);
    await pass(server, 50);
    expect([server.lines.length, holds]).toEqual([2, { made: 0, stopped: 0 }]);
  });

  it('fails a stream that is lost, because it cannot be read again', async () => {
    const { server, open } = sessionServer(() => undefined);
    const session = await open();
    const bytes = (async function* () {
      yield Buffer.from('abc');
    })();
    const fate = fateOf(session.exchange([VERB.store, 'w', 'v', '1', { size: 3, bytes }], NONE));
    await endOfTurn();
    await cut(server);
    expect(fate.outcome).toMatchObject({ code: 'lost' });
    server.taken();
    await pass(server, 50);
    expect(server.taken()).toEqual(['1: resume session | secret 1']);
    // Nothing of it is sent on the next connection, which stays.
    expect([session.isLost, server.lines[1]?.destroyed]).toEqual([false, false]);
  });

  it('has a grace that may be a fraction of a second, and gives up at its end', async () => {
    const { server, open, tried } = sessionServer(() => undefined, '1.15');
    const session = await open();
    server.isDown = true;
    await cut(server);
    for (const pause of [50, 100, 200, 400, 800, 1_600]) await pass(server, pause);
    // The last attempt is exactly 1,150 and 2,000 ms after the loss.
    expect([tried.at(-1), session.grace, session.isLost]).toEqual([3_150, 1.15, true]);
  });

  it('ends when it is not back within its grace and 2 s more, and its requests fail (P15.3)', async () => {
    const { server, open, holds, tried } = sessionServer(() => undefined, '5');
    const session = await open();
    const fate = fateOf(session.exchange([VERB.fetch, 'w', 'v'], NONE));
    server.isDown = true;
    await cut(server);
    const attempts = [50, 100, 200, 400, 800, 1_600, 2_000];
    for (const pause of attempts) await pass(server, pause);
    expect([session.isLost, fate.outcome, server.clock.running]).toEqual([false, 'pending', 1]);
    await pass(server, 1_999);
    expect(session.isLost).toBe(false);
    await pass(server, 1);
    expect([session.isLost, server.clock.running, holds]).toEqual([true, 0, { made: 1, stopped: 1 }]);
    // The last one is the first after 7,000 ms.
    expect(tried).toEqual([0, 50, 150, 350, 750, 1_550, 3_150, 5_150, 7_150]);
    for (const outcome of [fate.outcome, await session.ended])
      expect(outcome).toMatchObject({ code: 'lost', message: 'ada:8765 closed the connection' });
    await expect(session.exchange([VERB.listWss], NONE)).rejects.toMatchObject({ code: 'lost' });
  });

  it('ends if the server does not know it any more', async () => {
    const { server, open } = sessionServer();
    const session = await open();
    server.answer = () => shortReply('0001');
    await cut(server);
    await pass(server, 50);
    expect([session.isLost, server.lines[1]?.destroyed, server.clock.running]).toEqual([true, true, 0]);
  });

  it('that is closed ends on the server, and its requests fail', async () => {
    const { server, open } = sessionServer(() => undefined);
    const session = await open();
    const fate = fateOf(session.exchange([VERB.fetch, 'w', 'v'], NONE));
    await endOfTurn();
    server.taken();
    session.close();
    for (let n = 0; n < 3; n++) await endOfTurn();
    expect(server.taken()).toEqual(['0: end session']);
    expect([session.isLost, server.clock.running, server.lines[0]?.destroyed]).toEqual([true, 0, true]);
    for (const outcome of [fate.outcome, await session.ended])
      expect(outcome).toMatchObject({ code: 'closed', message: 'ada:8765 was closed on this side' });
    // A session that has come back says so, too.
    const next = await open();
    await cut(server);
    await pass(server, 50);
    server.taken();
    next.close();
    await endOfTurn();
    expect(server.taken()).toEqual(['2: end session']);
  });

  it('that is closed while it has no connection gives up the attempt, and keeps nothing open', async () => {
    const { server, open, holds } = sessionServer();
    const session = await open();
    await cut(server);
    session.close();
    expect(session.isLost).toBe(true);
    await pass(server, 50);
    expect([server.lines[1]?.destroyed, server.clock.running, holds]).toEqual([
      true,
      0,
      { made: 1, stopped: 1 },
    ]);
    await expect(session.ended).resolves.toMatchObject({ code: 'closed' });
  });

  it('ends with a signal that closes its connection: it does not come back', async () => {
    const { server } = sessionServer();
    const stop = new AbortController();
    const session = await openRequester({
      reconnectGrace: 30,
      open: () => server.channel({ signal: stop.signal }),
      platform: server.platform(),
    });
    stop.abort();
    await pass(server, 5_000);
    expect([session.isLost, server.lines.length]).toEqual([true, 1]);
  });
});

describe('a get of a session that is withdrawn (P5.3)', () => {
  it('stays answered if the answer comes first', async () => {
    const { server, open } = sessionServer(() => undefined);
    const session = await open();
    const fate = fateOf(session.exchange([VERB.fetch, 'w', 'v'], NONE));
    await endOfTurn();
    server.taken();
    session.withdraw();
    session.withdraw();
    await endOfTurn();
    expect(server.taken()).toEqual(['0: withdraw']);
    await server.lines[0]?.say(longReply('x') + shortReply('2000'));
    expect([session.isLost, server.clock.running]).toEqual([false, 0]);
    expect(fate.outcome).toMatchObject({ status: '0000' });
    // The session comes back after that.
    await cut(server);
    await pass(server, 50);
    expect([session.isLost, server.lines.length]).toEqual([false, 2]);
  });

  it('ends the session if the server closes the connection', async () => {
    const { server, open } = sessionServer(() => undefined);
    const session = await open();
    const fate = fateOf(session.exchange([VERB.find, 'w', 'v'], NONE));
    await endOfTurn();
    session.withdraw();
    await cut(server);
    expect([session.isLost, server.clock.running]).toEqual([true, 0]);
    expect(fate.outcome).toMatchObject({ code: 'lost' });
  });

  it('without a connection is withdrawn when that is back', async () => {
    const { server, open } = sessionServer(() => undefined);
    const session = await open();
    fateOf(session.exchange([VERB.find, 'w', 'v'], NONE));
    await cut(server);
    session.withdraw();
    server.taken();
    await pass(server, 50);
    expect(server.taken()).toEqual(['1: resume session | secret 1', '1: find | w | v', '1: withdraw']);
  });

  it('is nothing if the latest request cannot wait', async () => {
    const { server, open } = sessionServer(() => undefined);
    const session = await open();
    session.withdraw();
    fateOf(session.exchange([VERB.fetchTry, 'w', 'v'], NONE));
    session.withdraw();
    await endOfTurn();
    expect(server.taken()).toEqual(['0: open session | secret 1 | 30', '0: fetchTry | w | v']);
    // Nothing is being withdrawn, so the session comes back.
    await cut(server);
    await pass(server, 50);
    expect([session.isLost, server.lines.length]).toEqual([false, 2]);
  });
});
