import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/wire/request.ts';
import { BusyCore } from '../support/busy-core.ts';

const VALUE = 'x'.repeat(300_000);
/** So many replies with the value are more than a client may have pending. */
const TOO_MANY = 4;

const finds = (count: number): string => encodeRequest(['find', 'w', 'v'], undefined).repeat(count);

/** A server with a client that has stored the value. */
function withValue(isTimeUp = false): BusyCore {
  const server = new BusyCore(isTimeUp);
  server.connect(1);
  server.ask(1, 'open ws', 'w', '', 'no');
  server.ask(1, 'store', 'w', 'v', '1', VALUE);
  server.sent.set(1, '');
  return server;
}

/** How many replies with the value were sent. */
const replies = (server: BusyCore): number => Math.floor((server.sent.get(1)?.length ?? 0) / VALUE.length);

describe('the replies to one piece of input (P12)', () => {
  it('stop when there are too many of them, until the client has taken them', () => {
    const server = withValue();
    server.write(1, finds(2 * TOO_MANY + 1));
    for (const count of [TOO_MANY, 2 * TOO_MANY]) {
      expect(replies(server)).toBe(count);
      expect(server.due).toEqual([1]);
      server.turn();
    }
    expect(replies(server)).toBe(2 * TOO_MANY + 1);
    expect(server.due).toEqual([]);
  });

  it('do not count with those to earlier input', () => {
    const server = withValue();
    for (let n = 1; n <= 2 * TOO_MANY; n++) {
      server.write(1, finds(1));
      expect(replies(server)).toBe(n);
    }
    expect(server.due).toEqual([]);
  });

  it('wait when more input comes meanwhile', () => {
    const server = withValue();
    server.write(1, finds(TOO_MANY));
    for (let n = 0; n < 3; n++) server.write(1, finds(1));
    expect(replies(server)).toBe(TOO_MANY);
    expect(server.due).toEqual([1]);
    while (server.turn());
    expect(replies(server)).toBe(TOO_MANY + 3);
  });

  it('are given up with the connection, and the memory of a listing with them', () => {
    const server = withValue();
    for (let n = 0; n < 600; n++) server.ask(1, 'declare var', 'w', `${n}${'v'.repeat(2_000)}`, 'fifo');
    server.ask(1, 'list vars', 'w');
    expect(server.core.accounting.budget.byKind.listings).toBeGreaterThan(1_200_000);
    expect(server.due).toEqual([1]);
    server.leave(1);
    expect(server.core.accounting.memory).toBe(0);
  });
});

describe('a client whose requests take the time of others (P14)', () => {
  it('waits for its turn if more of its input is there, however little', () => {
    for (const more of ['0', finds(1)]) {
      const server = withValue(true);
      server.write(1, finds(1) + more);
      expect([replies(server), [...server.paused], server.due]).toEqual([1, [1], ['continued']]);
      while (server.turn());
      expect([replies(server), server.paused.size]).toEqual([more === '0' ? 1 : 2, 0]);
    }
  });

  it('is not answered once it has gone, and the memory of what was made for it is given up', () => {
    const server = withValue(true);
    for (let n = 0; n < 300; n++) server.ask(1, 'declare var', 'w', `v${n}`, 'fifo');
    server.sent.set(1, '');
    server.ask(1, 'list vars', 'w');
    expect([...server.paused]).toEqual([1]);
    server.leave(1);
    while (server.turn());
    expect([server.sent.get(1), server.core.accounting.memory]).toEqual(['', 0]);
    expect([...server.paused]).toEqual([1]);
  });

  it('does not wait if it has sent nothing more', () => {
    const server = withValue(true);
    server.write(1, finds(1));
    expect([replies(server), server.paused.size, server.due]).toEqual([1, 0, []]);
  });

  it('does not wait as long as there is time', () => {
    const server = withValue();
    server.write(1, finds(3));
    expect([replies(server), server.paused.size, server.due]).toEqual([3, 0, []]);
  });
});
