import { describe, expect, it, vi } from 'vitest';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { BusyCore } from '../support/busy-core.ts';

const pipeline = (...requests: string[][]): string =>
  requests.map((args) => encodeRequest(args, undefined)).join('');
const many = (count: number, make: (n: number) => string[]): string[][] =>
  Array.from({ length: count }, (_, n) => make(n));

/** All slow requests of a client, in one segment. */
const ALL = pipeline(
  ['open ws', 'w', 'me', 'no'],
  ...many(300, (n) => ['declare var', 'w', `variable ${(n * 7) % 300}`, 'fifo']),
  ...many(300, (n) => ['store', 'w', 'variable 3', '1', `value ${n}`]),
  ['list vars', 'w'],
  ['list wss'],
  ['delete var', 'w', 'variable 3'],
  ['list vars', 'w'],
  ['open ws', 'job', 'me', 'no'],
  ['fetchTry', 'w', 'variable 4'],
  ['delete ws', 'w'],
  ['list wss'],
  ['find', 'w', 'x'],
);

describe('work in turns (P14)', () => {
  it('gives the same replies in the same order, however often its time is up', () => {
    const [calm, busy] = [new BusyCore(false), new BusyCore(true)];
    for (const server of [calm, busy]) {
      server.connect(1);
      server.write(1, ALL);
      while (server.turn());
    }
    expect(busy.sent.get(1)).toBe(calm.sent.get(1));
    expect(busy.turns).toBeGreaterThan(600);
    expect(busy.paused.size).toBe(0);
    for (const server of [calm, busy]) {
      server.leave(1);
      while (server.turn());
      const { memory, bytes, incoming, unread } = server.core.accounting;
      expect([memory, bytes, incoming.bytes, unread.bytes, server.core.counts.connections]).toEqual([
        0, 0, 0, 0, 0,
      ]);
    }
  });

  it('lets another client run first, and its own connection is not read meanwhile', () => {
    const server = new BusyCore(true);
    server.connect(1);
    server.connect(2);
    server.write(1, ALL);
    expect(server.paused).toEqual(new Set([1]));
    server.ask(2, 'open ws', 'other', 'me', 'no');
    expect(server.sent.get(2)).toBe('22230000');
  });

  it('gives the clients turns one after the other', () => {
    const server = new BusyCore(true);
    for (const id of [1, 2]) {
      server.connect(id);
      server.write(id, pipeline(...many(10, (n) => ['open ws', `${id}.${n}`, 'me', 'no'])));
    }
    while (server.turn()) {
      const [one, two] = [1, 2].map((id) => server.sent.get(id)?.length ?? 0);
      expect(Math.abs((one ?? 0) - (two ?? 0))).toBeLessThanOrEqual(4);
    }
    expect(server.sent.get(2)).toBe(`2223${'0000'.repeat(10)}`);
  });

  it('gives the clients turns one after the other, too, if their requests take several steps', () => {
    const server = new BusyCore(true);
    for (const id of [1, 2]) server.connect(id);
    server.write(1, pipeline(['open ws', 'w', 'me', 'no'], ...many(500, (n) => ['findTry', 'w', `x${n}`])));
    while (server.turn());
    server.ask(2, 'use ws', 'w', 'me', 'no');
    const before = [1, 2].map((id) => server.sent.get(id)?.length ?? 0);
    for (const id of [1, 2]) server.ask(id, 'list vars', 'w');
    const ended = [0, 0];
    while (server.turn())
      for (const n of [0, 1])
        if (ended[n] === 0 && (server.sent.get(n + 1)?.length ?? 0) > (before[n] ?? 0))
          ended[n] = server.turns;
    const [one = 0, two = 0] = ended;
    expect(one).toBeGreaterThan(0);
    expect(Math.abs(two - one)).toBeLessThanOrEqual(3);
  });

  it('lets a sentinel come while a hundred others are told to stop, and it is told so as well (S14)', () => {
    const server = new BusyCore(true);
    const becomeSentinel = (id: number): void => {
      server.connect(id);
      server.ask(id, 'use ws', 'job', 'me', 'no');
      server.ask(id, 'fetch', 'job', 'worker_ids');
    };
    server.join(1);
    server.tell(1, ['open ws', 'job', 'me', 'no'], { wstype: 'sleigh' });
    for (let id = 2; id < 102; id++) becomeSentinel(id);
    while (server.turn());
    server.write(1, encodeRequest(['store', 'job', 'Sleigh ride over', '1', 'x'], new Map()));
    expect(server.due).not.toEqual([]);
    becomeSentinel(102);
    // An event that its machine does not expect would be an error.
    while (server.turn());
    for (const id of [2, 101, 102]) {
      server.ask(id, 'findTry', 'job', 'sentinel_alive');
      while (server.turn());
      expect(server.sent.get(id)?.at(-1)).toBe('1');
    }
  });

  it('makes a workspace inaccessible while it is being deleted', () => {
    const server = new BusyCore(true);
    for (const id of [1, 2]) server.connect(id);
    server.ask(1, 'open ws', 'v', 'me', 'no');
    for (let n = 0; n < 300; n++) server.ask(1, 'declare var', 'v', `x${n}`, 'fifo');
    server.ask(2, 'use ws', 'v', 'me', 'no');
    server.ask(1, 'delete ws', 'v');
    const before = server.sent.get(2)?.length ?? 0;
    server.ask(2, 'findTry', 'v', 'x1');
    expect(server.sent.get(2)?.slice(before, before + 4)).toBe('0100');
    while (server.turn());
  });

  it('is abandoned when its client disconnects, whose workspaces are then deleted in steps', () => {
    const server = new BusyCore(true);
    server.connect(1);
    server.write(1, pipeline(['open ws', 'w', 'me', 'no'], ...many(300, (n) => ['findTry', 'w', `x${n}`])));
    while (server.turn());
    server.ask(1, 'list wss');
    server.leave(1);
    while (server.turn());
    expect([server.core.accounting.memory, server.core.workspaces.count]).toEqual([0, 1]);
  });
});

describe('the deletion of a job in turns (P14, S16)', () => {
  it('first stops its timers, so that none fires in a job that is half deleted', () => {
    const server = new BusyCore(true);
    // XState warns of each agent that ends after the supervisor.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const sentinels = Array.from({ length: 100 }, (_, n) => n + 2);
    server.join(1);
    server.tell(1, ['open ws', 'job', 'me', 'yes'], { wstype: 'sleigh' });
    for (const id of sentinels) {
      server.join(id);
      server.tell(id, ['use ws', 'job', 'me', 'no']);
      server.tell(id, ['fetch', 'job', 'worker_ids']);
      server.tell(id, ['find', 'job', 'sentinel_alive']);
    }
    const job = Array.from(server.core.workspaces.all, ({ plugin }) => plugin).find(
      (plugin) => plugin instanceof Sleigh,
    );
    const running = () => [job?.timers.running.size, Array.from(job?.deadlines.entities() ?? []).length];
    expect(running()).toEqual([2, 1]);
    const sent = () => sentinels.map((id) => server.sent.get(id));
    const before = sent();
    const answered = () => sent().filter((text, n) => text !== before[n]).length;
    server.write(1, encodeRequest(['delete ws', 'job'], new Map()));
    while (answered() === 0) expect(server.turn()).toBe(true);
    expect(answered()).toBeLessThan(sentinels.length);
    expect(running()).toEqual([0, 0]);
    while (server.turn());
    expect(answered()).toBe(sentinels.length);
    warn.mockRestore();
  });
});
