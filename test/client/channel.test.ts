import { createHmac } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import tls from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChannelOptions } from '../../src/client/connection/channel-options.ts';
import { optionsAt } from '../../src/client/connection/channel-options.ts';
import { Channel } from '../../src/client/connection/channel.ts';
import { ClientHandshake } from '../../src/client/connection/handshake.ts';
import { lossOfSocket } from '../../src/client/connection/loss-of-socket.ts';
import type { RequestArguments } from '../../src/client/connection/outgoing.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { encodeOffer, makeTerms, termsWith } from '../../src/wire/handshake.ts';
import { KEY, OPTION, VERB } from '../../src/wire/names.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { NO_VALUE } from '../../src/wire/reply.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fateOf, longReply, ServerLine, shortReply, welcome } from '../support/server-line.ts';

const NONE: ReadonlyMap<string, string> = new Map();
const OPTIONS = `R000${encodeDictionary(
  new Map([
    [OPTION.metadataToServer, '1'],
    [OPTION.metadataFromServer, '1'],
  ]),
)}`;
const request = (...args: string[]): string => encodeRequest(args, NONE);

async function opened(options: ChannelOptions = {}) {
  const line = new ServerLine();
  const clock = new ManualClock();
  const opening = Channel.over(line, 'ada:8765', { clock, ...options });
  await line.say(welcome());
  const channel = await opening;
  expect(clock.running).toBe(0);
  line.taken();
  return { line, clock, channel };
}

const offerOf = (terms: Parameters<typeof makeTerms>[0], nonce?: string): string =>
  encodeOffer(termsWith(makeTerms(terms), nonce));

const admits = (): boolean => true;

const NONCE = 'ab'.repeat(16);

const store = (size: number, bytes: AsyncIterable<Uint8Array>): RequestArguments => [
  VERB.store,
  'w',
  'v',
  '0',
  { size, bytes },
];

async function* piecesOf(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

/** Lets the client use this line wherever it would connect a socket, or begin TLS on one. */
function connecting(line: ServerLine) {
  const unref = vi.fn();
  const socket = Object.assign(line, { unref });
  const plain = vi.spyOn(net, 'connect').mockImplementation(() => unsafeCast<net.Socket>(socket));
  const secure = vi.spyOn(tls, 'connect').mockImplementation(() => unsafeCast<tls.TLSSocket>(socket));
  syncBuiltinESMExports();
  return { plain, secure, unref };
}

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('a channel that opens', () => {
  it.each<[options: ChannelOptions, address: string, host: string, port: number, unrefs: number]>([
    [{}, '127.0.0.1:8765', '127.0.0.1', 8_765, 0],
    [{ host: 'ada', port: 7, unref: false }, 'ada:7', 'ada', 7, 0],
    [{ host: '::1', unref: true }, '[::1]:8765', '::1', 8_765, 1],
  ])(
    'with %o connects at once to %s, and finds out if the other side has gone',
    async (options, ...wanted) => {
      const [address, host, port, unrefs] = wanted;
      const line = new ServerLine();
      const { plain, unref } = connecting(line);
      const stop = new AbortController();
      const opening = Channel.open({ ...options, signal: stop.signal });
      await line.say(welcome());
      expect((await opening).address).toBe(address);
      const socket = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
      expect(plain.mock.calls).toEqual([[socket]]);
      expect(unref).toHaveBeenCalledTimes(unrefs);
      stop.abort();
      expect(line.destroyed).toBe(true);
    },
  );

  it.each<[host: string | undefined, tls: ChannelOptions['tls'], given: object]>([
    ['ada', true, { host: 'ada', servername: 'ada' }],
    ['ada', { ca: 'PEM', servername: 'bea', key: undefined }, { host: 'ada', servername: 'bea', ca: 'PEM' }],
    ['::1', { ca: 'PEM' }, { host: '::1', ca: 'PEM' }],
    [undefined, {}, { host: '127.0.0.1' }],
  ])(
    'at %s with the TLS options %o goes on over TLS on the same socket (P2.3)',
    async (host, options, given) => {
      const [line, inner] = [new ServerLine(), new ServerLine()];
      const { secure } = connecting(inner);
      const clock = new ManualClock();
      const fate = fateOf(Channel.over(line, 'ada:8765', { clock, host, tls: options }));
      await line.say(welcome({ tls: 'offered' }));
      const [[socket, begun] = []] = unsafeCast<[object, () => void][]>(secure.mock.calls);
      expect([socket, secure.mock.calls.length]).toEqual([{ socket: line, ...given }, 1]);
      expect([fate.outcome, inner.taken()]).toEqual(['pending', '']);
      begun?.();
      await endOfTurn();
      line.taken();
      const channel = unsafeCast<Channel>(fate.outcome);
      const answered = fateOf(channel.exchange([VERB.deleteWs, 'w'], NONE));
      await endOfTurn();
      expect([line.taken(), inner.taken()]).toEqual(['', request(VERB.deleteWs, 'w')]);
      await inner.say(shortReply('0001'));
      expect(answered.outcome).toMatchObject({ status: '0001' });
      // Errors of the socket below come through TLS.
      expect(line.emit('error', new Error('reset'))).toBe(true);
      expect(channel.isLost).toBe(false);
    },
  );

  it('greets, chooses its options, and is open when the server accepts them, a byte at a time', async () => {
    const line = new ServerLine();
    const clock = new ManualClock();
    const opening = Channel.over(line, 'ada:8765', { clock });
    const fate = fateOf(opening);
    const all = welcome({ webPort: 80, durability: 'journal', store: 'shop' });
    for (const byte of all.slice(0, -1)) await line.say(byte);
    expect([line.written, fate.outcome, clock.running]).toEqual([['X000', OPTIONS], 'pending', 1]);
    await line.say(all.slice(-1));
    const channel = await opening;
    const { address, grace, serverHasPage, isLost } = channel;
    expect({ address, grace, serverHasPage, isLost }).toEqual({
      address: 'ada:8765',
      grace: 0,
      serverHasPage: true,
      isLost: false,
    });
    expect([channel.offer.isStored, channel.offer.store, clock.running]).toEqual([true, 'shop', 0]);
  });

  it('knows of no page and no store that the server does not offer', async () => {
    const { channel } = await opened();
    expect([channel.serverHasPage, channel.offer.isStored, channel.offer.store]).toEqual([
      false,
      false,
      undefined,
    ]);
  });

  it.each<[what: string, said: string, options: ChannelOptions, code: string, text: string]>([
    ['speaks something else', 'HTTP', {}, 'not-nws', 'does not speak the NetWorkSpaces protocol'],
    ['offers nonsense', 'P000what', {}, 'not-nws', 'offers its options in no form that is known'],
    ['offers no metadata', 'P0000000F000', {}, 'not-nws', 'does not take metadata'],
    [
      'refuses what it offers',
      `${offerOf({ tls: 'none' })}F000`,
      {},
      'not-nws',
      'refused the options that it had offered',
    ],
    [
      'needs a token',
      `${offerOf({ tls: 'none', admits })}F000`,
      {},
      'not-admitted',
      'needs a token, and none was given: give it as `token`, or to a command with --token-file FILE',
    ],
    [
      'wants another token',
      `${offerOf({ tls: 'none', admits }, NONCE)}F000`,
      { token: 'secret' },
      'not-admitted',
      'does not take this token',
    ],
    [
      'wants another token over TLS',
      `${offerOf({ tls: 'offered', admits }, NONCE)}F000`,
      { tls: true, token: 'secret' },
      'not-admitted',
      'does not take this token',
    ],
    [
      'wants another token, or TLS',
      `${offerOf({ tls: 'offered', admits }, NONCE)}F000`,
      { token: 'secret' },
      'not-admitted',
      'does not take this token, or takes only clients with TLS and a certificate of their own',
    ],
    [
      'needs TLS',
      `${offerOf({ tls: 'offered' })}F000`,
      {},
      'not-admitted',
      'takes only clients with TLS and a certificate of their own: give `tls` with `cert` and `key`',
    ],
    ['has no TLS', offerOf({ tls: 'none' }), { tls: true }, 'not-secure', 'offers no TLS'],
    [
      'asks for the token itself before TLS',
      offerOf({ tls: 'offered', admits }),
      { tls: true, token: 'secret' },
      'not-secure',
      'asks for the token itself, before TLS begins',
    ],
    [
      'asks for the token itself, though it offers TLS',
      offerOf({ tls: 'offered', admits }),
      { token: 'secret' },
      'not-secure',
      'asks for the token itself, before TLS begins',
    ],
  ])('fails if the server %s, and leaves nothing', async (_what, said, options, code, text) => {
    const line = new ServerLine();
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const fate = fateOf(Channel.over(line, 'ada:8765', { clock, signal, ...options }));
    await line.say(said);
    expect(fate.outcome).toMatchObject({ name: 'ConnectionLostError', code, message: `ada:8765 ${text}` });
    expect([line.destroyed, clock.running, getEventListeners(signal, 'abort')]).toEqual([true, 0, []]);
    expect(line.taken()).not.toContain('secret');
  });

  it.each<[token: string | undefined, isAsked: boolean, said: string | undefined]>([
    ['secret', true, 'secret'],
    ['secret', false, undefined],
    [undefined, true, undefined],
  ])('with token %s says it if the server asks for one (%s)', async (token, isAsked, said) => {
    const line = new ServerLine();
    const terms = makeTerms(isAsked ? { tls: 'none', admits } : { tls: 'none' });
    fateOf(Channel.over(line, 'ada:8765', { clock: new ManualClock(), token }));
    await line.say(encodeOffer(terms));
    expect(line.taken().includes(encodeDictionary(new Map([[OPTION.token, said ?? '']])).slice(4))).toBe(
      said !== undefined,
    );
  });

  it('says a token in Latin-1, or proves that it knows it (P2.5)', async () => {
    const token = 'sécret';
    const terms = makeTerms({ tls: 'none', admits });
    const proof = (nonce: string): string =>
      createHmac('sha256', Buffer.from(token, 'latin1')).update(Buffer.from(nonce, 'latin1')).digest('hex');
    for (const [offer, said] of [
      [terms, new Map([[OPTION.token, token]])],
      ...[NONCE, 'é'].map(
        (nonce) =>
          [
            termsWith(terms, nonce),
            new Map([
              [OPTION.tokenNonce, nonce],
              [OPTION.token, proof(nonce)],
            ]),
          ] as const,
      ),
    ] as const) {
      const line = new ServerLine();
      fateOf(Channel.over(line, 'ada:8765', { clock: new ManualClock(), token }));
      await line.say(encodeOffer(offer));
      const all = new Map([[OPTION.metadataToServer, '1'], [OPTION.metadataFromServer, '1'], ...said]);
      expect(line.taken()).toBe(`X000R000${encodeDictionary(all)}`);
    }
  });

  it.each<[timeout: number | undefined, limit: number]>([
    [undefined, 10_000],
    [20, 20],
  ])('gives up after a timeout of %s', async (timeout, limit) => {
    const line = new ServerLine();
    const clock = new ManualClock();
    const fate = fateOf(Channel.over(line, 'ada:8765', { clock, timeout }));
    clock.advance(limit - 1);
    await endOfTurn();
    expect(fate.outcome).toBe('pending');
    clock.advance(1);
    await endOfTurn();
    expect(fate.outcome).toMatchObject({ code: 'unreachable', message: 'ada:8765 did not answer in time' });
    expect([line.destroyed, clock.running]).toEqual([true, 0]);
  });

  it.each([-1, Number.NaN])('refuses a timeout of %s, and opens nothing', async (timeout) => {
    const line = new ServerLine();
    await expect(Channel.over(line, 'ada:8765', { timeout })).rejects.toThrow('timeout');
    await expect(Channel.open({ port: 1, timeout })).rejects.toThrow('timeout');
    expect(line.taken()).toBe('');
  });

  it('says whether the other side could not be reached, or closed at once', async () => {
    const [refusing, closing] = [new ServerLine(), new ServerLine()];
    const clock = new ManualClock();
    const fates = [refusing, closing].map((line) => fateOf(Channel.over(line, 'ada:8765', { clock })));
    refusing.destroy(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));
    closing.destroy();
    await endOfTurn();
    expect(fates.map(({ outcome }) => outcome)).toMatchObject([
      {
        code: 'unreachable',
        message: 'ada:8765 cannot be reached (ECONNREFUSED)',
        cause: { code: 'ECONNREFUSED' },
      },
      { code: 'not-nws', message: 'ada:8765 closed the connection' },
    ]);
  });

  it('ends with its signal: before it opens, while it opens, and later', async () => {
    const stop = new AbortController();
    const { signal } = stop;
    const clock = new ManualClock();
    const { channel, line } = await opened({ signal });
    const second = fateOf(Channel.over(new ServerLine(), 'ada:8765', { clock, signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(2);
    stop.abort();
    const third = fateOf(Channel.over(new ServerLine(), 'ada:8765', { clock, signal }));
    await endOfTurn();
    for (const { outcome } of [second, third])
      expect(outcome).toMatchObject({ code: 'closed', message: 'ada:8765 was closed on this side' });
    expect([channel.isLost, line.destroyed, clock.running]).toEqual([true, true, 0]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await expect(channel.ended).resolves.toMatchObject({ code: 'closed' });
  });
});

describe('the requests of a channel', () => {
  it('of one turn are written as one piece, and get their replies in order', async () => {
    const { line, channel } = await opened();
    const fates = ['a', 'b', 'c'].map((name) =>
      fateOf(channel.exchange([VERB.deleteWs, name], new Map([['k', name]]))),
    );
    await endOfTurn();
    const asked = ['a', 'b', 'c'].map((name) => encodeRequest([VERB.deleteWs, name], new Map([['k', name]])));
    expect(line.written).toEqual([asked.join('')]);
    const replies = shortReply() + shortReply('0100', new Map([[KEY.reason, 'none']])) + shortReply('0001');
    await line.say(replies.slice(0, 7));
    await line.say(replies.slice(7, -2));
    expect(fates[2]?.outcome).toBe('pending');
    await line.say(replies.slice(-2));
    expect(fates.map(({ outcome }) => outcome)).toEqual([
      { status: '0000', metadata: NONE, value: undefined },
      { status: '0100', metadata: new Map([[KEY.reason, 'none']]), value: undefined },
      { status: '0001', metadata: NONE, value: undefined },
    ]);
    // A later turn writes anew.
    fateOf(channel.exchange([VERB.listWss], NONE));
    await endOfTurn();
    expect(line.written.slice(1)).toEqual([request(VERB.listWss)]);
  });

  it.each([
    [4_096, 1],
    [4_097, 2],
  ])('write a value of %s bytes in %s piece(s)', async (size, pieces) => {
    const { line, channel } = await opened();
    const all = Buffer.alloc(size + 2, 'é', 'latin1');
    const value = new Uint8Array(all.buffer, all.byteOffset + 1, size);
    fateOf(channel.exchange([VERB.store, 'w', 'v', '0', value], NONE));
    fateOf(channel.exchange([VERB.listWss], NONE));
    await endOfTurn();
    const whole = request(VERB.store, 'w', 'v', '0', 'é'.repeat(size)) + request(VERB.listWss);
    expect(line.written.join('')).toBe(whole);
    expect(line.written).toHaveLength(pieces === 1 ? 1 : 3);
  });

  it('that follow a get that may wait are held back until it is answered (P5.3)', async () => {
    const { line, channel } = await opened();
    const first = fateOf(channel.exchange([VERB.fetch, 'w', 'v'], NONE));
    const rest = [
      fateOf(channel.exchange([VERB.fetchTry, 'w', 'v'], NONE)),
      fateOf(channel.exchange([VERB.find, 'w', 'v'], NONE)),
      fateOf(channel.exchange([VERB.listWss], NONE)),
    ];
    await endOfTurn();
    expect(line.taken()).toBe(request(VERB.fetch, 'w', 'v'));
    await line.say(longReply('seven', { index: 3 }));
    expect(first.outcome).toMatchObject({
      status: '0000',
      value: { descriptor: 1, variableId: '01234567890123456789', index: 3, payload: Buffer.from('seven') },
    });
    expect(line.taken()).toBe(request(VERB.fetchTry, 'w', 'v') + request(VERB.find, 'w', 'v'));
    await line.say(longReply('', { ...NO_VALUE, status: '0001' }));
    expect(line.taken()).toBe('');
    await line.say(longReply(''));
    expect(line.taken()).toBe(request(VERB.listWss));
    expect(rest.map(({ outcome }) => outcome)).toMatchObject([
      { status: '0001' },
      { status: '0000' },
      'pending',
    ]);
  });

  it('are answered by what the server has said before', async () => {
    const line = new ServerLine();
    const opening = Channel.over(line, 'ada:8765', { clock: new ManualClock() });
    await line.say(welcome().slice(0, -1));
    line.taken();
    await line.say(welcome().slice(-1) + shortReply());
    const channel = await opening;
    // A reply that nobody asked for waits for its request.
    const fate = fateOf(channel.exchange([VERB.deleteWs, 'w'], NONE));
    await line.say(shortReply('0001'));
    expect(fate.outcome).toMatchObject({ status: '0000' });
  });

  it.each([
    ['what?', 'not-nws', 'sent what is no reply'],
    // A length that no buffer holds.
    [
      longReply('').slice(0, -20) + '9'.repeat(15).padStart(20, '0'),
      'too-large',
      'sent a value too large for a buffer',
    ],
  ])('fail if the server says %j', async (said, code, text) => {
    const { line, channel } = await opened();
    const fates = [1, 2].map(() => fateOf(channel.exchange([VERB.fetchTry, 'w', 'v'], NONE)));
    await line.say(said);
    for (const { outcome } of fates) expect(outcome).toMatchObject({ code, message: `ada:8765 ${text}` });
    expect([channel.isLost, line.destroyed]).toEqual([true, true]);
    await expect(channel.exchange([VERB.listWss], NONE)).rejects.toMatchObject({ code });
  });

  it('fail with the first reason when the connection is lost, those that wait, too', async () => {
    const { line, channel, clock } = await opened();
    channel.farewell = [VERB.endSession];
    const fates = [
      fateOf(channel.exchange([VERB.fetch, 'w', 'v'], NONE)),
      fateOf(channel.exchange([VERB.listWss], NONE)),
    ];
    await endOfTurn();
    line.taken();
    line.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await endOfTurn();
    channel.close();
    const late = fateOf(channel.exchangeForStream([VERB.fetch, 'w', 'v'], NONE));
    await endOfTurn();
    for (const { outcome } of [...fates, late])
      expect(outcome).toMatchObject({
        code: 'lost',
        message: 'ada:8765 is not connected any more (ECONNRESET)',
        cause: { code: 'ECONNRESET' },
      });
    await expect(channel.ended).resolves.toMatchObject({ code: 'lost' });
    expect([line.taken(), clock.running, channel.isLost]).toEqual(['', 0, true]);
  });

  it('fail with the text of an error that has no code, and if the server closes', async () => {
    const [one, other] = [await opened(), await opened()];
    one.line.destroy(new Error('the cable is cut'));
    other.line.destroy();
    await expect(one.channel.ended).resolves.toMatchObject({
      message: 'ada:8765 is not connected any more (the cable is cut)',
    });
    await expect(other.channel.ended).resolves.toMatchObject({
      code: 'lost',
      message: 'ada:8765 closed the connection',
    });
  });
});

describe('a get that is withdrawn (P5.3)', () => {
  it('is answered by what the server says first, and the timer is stopped', async () => {
    const { line, channel, clock } = await opened();
    const fate = fateOf(channel.exchange([VERB.fetch, 'w', 'v'], NONE));
    const next = fateOf(channel.exchange([VERB.listWss], NONE));
    await endOfTurn();
    line.taken();
    channel.withdraw();
    await endOfTurn();
    expect([line.taken(), clock.running]).toEqual([request('withdraw'), 1]);
    await line.say(longReply('in time'));
    expect(fate.outcome).toMatchObject({ status: '0000' });
    expect(line.taken()).toBe(request(VERB.listWss));
    await line.say(shortReply('2000'));
    expect([clock.running, channel.isLost]).toEqual([0, false]);
    await line.say(longReply('none'));
    expect(next.outcome).toMatchObject({ status: '0000' });
  });

  it('ends the connection after 2 s if the server does not answer', async () => {
    const { channel, clock } = await opened();
    const fate = fateOf(channel.exchange([VERB.find, 'w', 'v'], NONE));
    channel.withdraw();
    clock.advance(1_999);
    expect(channel.isLost).toBe(false);
    clock.advance(1);
    await endOfTurn();
    expect([channel.isLost, clock.running]).toEqual([true, 0]);
    expect(fate.outcome).toMatchObject({ code: 'closed' });
  });

  it('leaves no timer if the server ends the connection', async () => {
    const { line, channel, clock } = await opened();
    fateOf(channel.exchange([VERB.find, 'w', 'v'], NONE));
    channel.withdraw();
    expect(clock.running).toBe(1);
    line.destroy();
    await endOfTurn();
    expect(clock.running).toBe(0);
  });

  it('is nothing to withdraw if none was sent, it cannot wait, or the connection is lost', async () => {
    const { line, channel, clock } = await opened();
    channel.withdraw();
    const fate = fateOf(channel.exchange([VERB.fetchTry, 'w', 'v'], NONE));
    channel.withdraw();
    await endOfTurn();
    expect([line.taken(), clock.running]).toEqual([request(VERB.fetchTry, 'w', 'v'), 0]);
    await line.say(longReply(''));
    fateOf(channel.exchange([VERB.fetch, 'w', 'v'], NONE));
    channel.close();
    channel.withdraw();
    await endOfTurn();
    expect([fate.outcome !== 'pending', clock.running]).toEqual([true, 0]);
  });
});

describe('a value that is received as a stream', () => {
  it('comes at the pace of its reader, and later replies wait for it', async () => {
    const { line, channel } = await opened();
    const got = channel.exchangeForStream([VERB.fetchTry, 'w', 'v'], NONE);
    const next = fateOf(channel.exchange([VERB.listWss], NONE));
    const pieces = ['a'.repeat(50_000), 'b'.repeat(50_000), 'c'];
    await line.say(longReply(pieces.join(''), { index: 4 }).slice(0, -50_001));
    const { stream, value, status } = await got;
    expect([status, value]).toEqual([
      '0000',
      { descriptor: 1, variableId: '01234567890123456789', index: 4, size: 100_001 },
    ]);
    expect([line.pauses, line.isPaused()]).toEqual([1, true]);
    const read: Buffer[] = [];
    stream?.on('data', (piece: Buffer) => read.push(piece));
    await endOfTurn();
    expect(line.isPaused()).toBe(false);
    await line.say(`${'b'.repeat(50_000)}c${longReply('next')}`);
    await endOfTurn();
    expect(Buffer.concat(read).toString()).toBe(pieces.join(''));
    expect([stream?.readableEnded, line.isPaused()]).toEqual([true, false]);
    expect(next.outcome).toMatchObject({ value: { payload: Buffer.from('next') } });
  });

  it('of one part does not stay paused when it is complete', async () => {
    const { line, channel } = await opened();
    const got = channel.exchangeForStream([VERB.fetchTry, 'w', 'v'], NONE);
    await line.say(longReply('x'.repeat(100_000)));
    const { stream } = await got;
    expect(line.isPaused()).toBe(false);
    stream?.destroy();
    await endOfTurn();
    expect(channel.isLost).toBe(false);
  });

  it('that is empty ends at once, and one that is not there has no stream', async () => {
    const { line, channel } = await opened();
    const empty = channel.exchangeForStream([VERB.fetchTry, 'w', 'v'], NONE);
    const none = channel.exchangeForStream([VERB.fetchTry, 'w', 'v'], NONE);
    await line.say(longReply(''));
    await line.say(longReply('', { ...NO_VALUE, status: '0001' }));
    const { stream, value } = await empty;
    expect([value?.size, await stream?.toArray()]).toEqual([0, []]);
    expect(await none).toMatchObject({ status: '0001', stream: undefined });
  });

  it('ends the connection if it is not read to its end', async () => {
    const { line, channel } = await opened();
    const got = channel.exchangeForStream([VERB.fetch, 'w', 'v'], NONE);
    const next = fateOf(channel.exchange([VERB.listWss], NONE));
    await line.say(longReply('abc').slice(0, -1));
    const { stream } = await got;
    stream?.destroy();
    await endOfTurn();
    expect(next.outcome).toMatchObject({
      code: 'closed',
      message: 'ada:8765 was closed, since a value was not read to its end',
    });
    expect(line.destroyed).toBe(true);
  });

  it('fails if the connection is lost, and so does a reply that is none', async () => {
    const [one, other] = [await opened(), await opened()];
    const got = one.channel.exchangeForStream([VERB.fetch, 'w', 'v'], NONE);
    await one.line.say(longReply('abc').slice(0, -1));
    const { stream } = await got;
    let error: unknown;
    stream?.on('error', (why) => (error = why)).resume();
    one.line.destroy();
    await endOfTurn();
    expect(error).toMatchObject({ code: 'lost' });
    const fate = fateOf(other.channel.exchangeForStream([VERB.fetch, 'w', 'v'], NONE));
    await other.line.say('what?');
    expect(fate.outcome).toMatchObject({ code: 'not-nws', message: 'ada:8765 sent what is no reply' });
  });
});

describe('a value that is sent as a stream', () => {
  it('goes as fast as the server reads, and later requests follow it', async () => {
    const { line, channel } = await opened();
    line.isRead = false;
    const fates = [
      fateOf(channel.exchange(store(6, piecesOf('ab', 'cd', 'ef')), NONE)),
      fateOf(channel.exchange([VERB.listWss], NONE)),
    ];
    const head = request(VERB.store, 'w', 'v', '0', 'abcdef').slice(0, -6);
    const seen: string[] = [];
    for (let turn = 0; turn < 5; turn++) {
      await endOfTurn();
      seen.push(line.taken());
      line.release();
    }
    expect(seen).toEqual([head, 'ab', 'cd', 'ef', request(VERB.listWss)]);
    await line.say(shortReply() + longReply(''));
    for (const { outcome } of fates) expect(outcome).toMatchObject({ status: '0000' });
  });

  it.each([
    ['too long', 3, 'RangeError'],
    ['too short', 5, 'RangeError'],
  ])('ends the connection if it is %s, and is not completed', async (_what, size, name) => {
    const { line, channel, clock } = await opened();
    channel.farewell = [VERB.endSession];
    const fate = fateOf(channel.exchange(store(size, piecesOf('ab', 'cd')), NONE));
    const next = fateOf(channel.exchange([VERB.listWss], NONE));
    await endOfTurn();
    expect(fate.outcome).toMatchObject({ name });
    expect(next.outcome).toMatchObject({
      code: 'closed',
      message: 'ada:8765 was closed, since a value could not be sent whole',
      cause: fate.outcome,
    });
    const { length } = line.taken();
    expect(length).toBeLessThan(request(VERB.store, 'w', 'v', '0', 'x'.repeat(size)).length);
    // No farewell amid a value.
    expect([line.destroyed, clock.running]).toEqual([true, 0]);
  });

  it('is not read further when the connection is lost', async () => {
    const { line, channel } = await opened();
    line.isRead = false;
    let read = 0;
    let isGivenBack = false;
    async function* counted(): AsyncGenerator<Uint8Array> {
      try {
        for (; read < 9; read++) yield Buffer.from('ab');
      } finally {
        isGivenBack = true;
      }
    }
    const fate = fateOf(channel.exchange(store(18, counted()), NONE));
    await endOfTurn();
    line.destroy();
    await endOfTurn();
    expect(fate.outcome).toMatchObject({ code: 'lost' });
    expect(read).toBeLessThan(4);
    // What it has open, such as a file, is closed.
    expect(isGivenBack).toBe(true);
  });
});

describe('a channel that is closed', () => {
  it('without a farewell ends its socket at once', async () => {
    const { line, channel, clock } = await opened();
    fateOf(channel.exchange([VERB.listWss], NONE));
    channel.close();
    expect([line.destroyed, line.taken(), clock.running]).toEqual([true, '', 0]);
  });

  it('with a farewell sends it after its last requests, and leaves no timer', async () => {
    const { line, channel, clock } = await opened();
    channel.farewell = [VERB.endSession];
    const fate = fateOf(channel.exchange([VERB.listWss], NONE));
    channel.close();
    await endOfTurn();
    expect(line.taken()).toBe(request(VERB.listWss) + request(VERB.endSession));
    expect([line.destroyed, clock.running]).toEqual([true, 0]);
    expect(fate.outcome).toMatchObject({ code: 'closed', message: 'ada:8765 was closed on this side' });
  });

  it('with a farewell that the server does not read ends after 2 s', async () => {
    const { line, channel, clock } = await opened();
    channel.farewell = [VERB.endSession];
    line.isRead = false;
    channel.close();
    await endOfTurn();
    clock.advance(1_999);
    expect(line.destroyed).toBe(false);
    clock.advance(1);
    expect(line.destroyed).toBe(true);
    await endOfTurn();
    expect(clock.running).toBe(0);
  });

  it('before it is open sends no farewell', async () => {
    const line = new ServerLine();
    const stop = new AbortController();
    fateOf(Channel.over(line, 'ada:8765', { clock: new ManualClock(), signal: stop.signal }));
    stop.abort();
    expect(line.destroyed).toBe(true);
  });
});

it.each([
  [undefined, 2_000],
  [1_999, 1_999],
  [2_001, 2_000],
])('another server than that of the program has to answer in 2 s, with a timeout of %s', (timeout, limit) => {
  const options = { host: 'ada', port: 1, timeout };
  expect(optionsAt(options, undefined)).toBe(options);
  expect(optionsAt(options, { host: 'bea', port: 2 })).toEqual({ host: 'bea', port: 2, timeout: limit });
});

it('a handshake knows of no page and no store before the server offers them, and wants no TLS unless it is told', () => {
  const input = new ByteQueue();
  const handshake = new ClientHandshake(input);
  expect([handshake.hasPage, handshake.isStored, handshake.store]).toEqual([false, false, undefined]);
  input.push(Buffer.from(welcome({ webPort: 80, durability: 'journal', store: 'shop' }), 'latin1'));
  expect([handshake.next(), handshake.next()]).toEqual([{ type: 'say', bytes: OPTIONS }, { type: 'done' }]);
  expect([handshake.hasPage, handshake.isStored, handshake.store]).toEqual([true, true, 'shop']);
});

it.each([
  ['ECONNREFUSED', false, false, 'unreachable'],
  ['ECONNRESET', true, false, 'lost'],
  ['ECONNRESET', true, true, 'lost'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', false, true, 'not-secure'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true, true, 'not-admitted'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', false, true, 'not-admitted'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true, false, 'lost'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', false, true, 'not-secure'],
] as const)('%s of a socket, open: %s, with TLS: %s, means %s', (why, isOpen, isSecure, code) => {
  const text = lossOfSocket(why, { isOpen, isSecure })('ada:8765');
  expect(text).toMatchObject({ code, message: expect.stringContaining(`(${why})`) });
});
