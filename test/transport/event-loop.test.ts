import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AwakeClock, Deadline } from '../../src/transport/awake-clock.ts';
import { AwakeTime } from '../../src/transport/awake.ts';
import { NODE_LOOP } from '../../src/transport/event-loop.ts';
import { RealTimers } from '../../src/transport/real-timers.ts';
import { Slices } from '../../src/transport/slices.ts';
import { Stopping } from '../../src/transport/stopping.ts';
import { Unread } from '../../src/transport/unread.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { ManualLoop } from '../support/manual-loop.ts';

// What the transport does with time, on an event loop that the test advances.

function timeOf() {
  const loop = new ManualLoop();
  return { loop, time: new AwakeTime(loop) };
}

describe('a deadline', () => {
  it('has expired when less than a millisecond is left, and not before', () => {
    const clock = new AwakeClock(0);
    const deadline = new Deadline(clock, 100);
    clock.look(99);
    expect(deadline.left()).toBe(1);
    clock.look(99.5);
    expect(deadline.left()).toBe(0);
  });

  it('that passed in a sleep expires at once when the process has been awake for 250 ms', () => {
    const clock = new AwakeClock(0);
    const [first, second] = [new Deadline(clock, 500), new Deadline(clock, 500)];
    clock.look(10_000);
    for (const now of [10_100, 10_200, 10_249]) clock.look(now);
    expect([clock.now, clock.sinceWaking]).toEqual([499, 249]);
    clock.look(10_249.5);
    expect(first.left()).toBe(250);
    clock.look(10_250);
    expect(second.left()).toBe(0);
  });
});

describe('a timeout', () => {
  it('fires once, after the time in which the process ran', () => {
    const { loop, time } = timeOf();
    let fired = 0;
    time.startTimeout(1_000, () => fired++);
    loop.advance(999);
    expect(fired).toBe(0);
    loop.advance(1);
    expect([fired, loop.running]).toEqual([1, 0]);
  });

  it('is not late after a sleep, and gives the sockets a turn first', () => {
    const { loop, time } = timeOf();
    let fired = 0;
    time.startTimeout(1_000, () => fired++);
    loop.advance(940);
    loop.skip(60_000);
    loop.advance(60);
    expect(fired).toBe(0);
    loop.advance(249);
    expect(fired).toBe(0);
    loop.advance(1);
    expect([fired, loop.running]).toEqual([1, 0]);
  });

  it('that is stopped fires no more, and reading the time ends with the last one', () => {
    const { loop, time } = timeOf();
    let fired = 0;
    const [first, second] = [1, 2].map(() => time.startTimeout(1_000, () => fired++));
    first?.stop();
    first?.stop();
    // A timer, and the heartbeat.
    expect(loop.running).toBe(2);
    second?.stop();
    expect(loop.running).toBe(0);
    loop.advance(5_000);
    expect(fired).toBe(0);
  });

  it('waits for the last millisecond if its timer fires early', () => {
    const { loop, time } = timeOf();
    let fired = 0;
    const start = loop.startTimer.bind(loop);
    loop.startTimer = (milliseconds, act) => start(milliseconds === 1_000 ? 999 : milliseconds, act);
    time.startTimeout(1_000, () => fired++);
    loop.advance(999);
    expect(fired).toBe(0);
    loop.advance(1);
    expect(fired).toBe(1);
  });

  it('may be longer than a timer of Node', () => {
    const { loop, time } = timeOf();
    let waits = 0;
    const start = loop.startTimer.bind(loop);
    loop.startTimer = (milliseconds, fired) => {
      expect(milliseconds).toBeLessThan(2 ** 31);
      waits = Math.max(waits, milliseconds);
      return start(milliseconds, fired);
    };
    const timeout = time.startTimeout(2 ** 40, () => undefined);
    expect(waits).toBe(2 ** 31 - 1);
    timeout.stop();
  });
});

describe('the time', () => {
  it('does not go on in a sleep while something waits, and is known to have just woken for 250 ms', () => {
    const { loop, time } = timeOf();
    const release = time.keepAwake();
    expect(time.hasJustWoken()).toBe(false);
    loop.skip(10_000);
    expect([time.now(), time.hasJustWoken()]).toEqual([250, true]);
    loop.skip(249);
    expect(time.hasJustWoken()).toBe(true);
    loop.skip(1);
    expect(time.hasJustWoken()).toBe(false);
    release();
    loop.skip(10_000);
    expect([time.now(), time.hasJustWoken()]).toEqual([500, false]);
  });

  it('in which nothing waited is no sleep, and is read again as soon as something waits', () => {
    const { loop, time } = timeOf();
    for (const before of [0, 10]) {
      loop.skip(10_000);
      const release = time.keepAwake();
      expect(loop.running).toBe(1);
      loop.skip(10);
      expect([time.now(), time.hasJustWoken()]).toEqual([before + 10, false]);
      release();
    }
    loop.skip(10_000);
    expect(time.now()).toBe(20);
    time.keepAwake();
    loop.skip(250);
    expect([time.now(), time.hasJustWoken()]).toEqual([270, false]);
  });

  it('is read ten times a second while something waits', () => {
    const { loop, time } = timeOf();
    const periods: number[] = [];
    const start = loop.startInterval.bind(loop);
    loop.startInterval = (milliseconds, fired) => {
      periods.push(milliseconds);
      return start(milliseconds, fired);
    };
    time.keepAwake();
    expect(periods).toEqual([100]);
    loop.advance(10_000);
    expect(time.now()).toBe(10_000);
  });
});

function timersOf() {
  const { loop, time } = timeOf();
  const fired: number[] = [];
  const act = { busyMs: 0 };
  const timers = new RealTimers(time, (timer) => {
    fired.push(timer);
    loop.skip(act.busyMs);
  });
  return { loop, timers, fired, act };
}

describe('timers', () => {
  it('fire in order after their time, those without a time at once, and no more after they were stopped', () => {
    const { loop, timers, fired } = timersOf();
    timers.start(1, 30);
    timers.start(2, 10);
    timers.start(3, -5);
    const { running } = loop;
    timers.start(4, 20);
    timers.stop(4);
    expect(loop.running).toBe(running);
    timers.stop(9);
    for (let n = 0; n < 10; n++) {
      loop.advance(5);
      loop.turn();
    }
    expect(fired).toEqual([3, 2, 1]);
    expect(loop.running).toBe(0);
  });

  it('that are all stopped do not fire, also those that have expired already', () => {
    const { loop, timers, fired } = timersOf();
    for (const timer of [1, 2]) timers.start(timer, 10);
    timers.start(3, 1_000);
    loop.advance(10);
    timers.stopAll();
    for (let n = 0; n < 3; n++) loop.turn();
    loop.advance(2_000);
    loop.turn();
    expect([fired, loop.running]).toEqual([[1], 0]);
  });

  it('of the same moment are carried out for 5 ms at a time', () => {
    const { loop, timers, fired, act } = timersOf();
    act.busyMs = 2;
    for (let timer = 0; timer < 7; timer++) timers.start(timer, 10);
    loop.advance(10);
    // The others of that moment have not expired when the first one does.
    expect(fired).toEqual([0]);
    const turns: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const before = fired.length;
      loop.turn();
      turns.push(fired.length - before);
    }
    expect(turns.filter((each) => each > 0)).toEqual([3, 3]);
    expect(fired).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('of the same moment are carried out until more than 5 ms have passed', () => {
    const { loop, timers, fired, act } = timersOf();
    act.busyMs = 5;
    for (let timer = 0; timer < 4; timer++) timers.start(timer, 10);
    loop.advance(10);
    loop.turn();
    expect(fired).toEqual([0, 1, 2]);
    loop.turn();
    expect(fired).toEqual([0, 1, 2, 3]);
  });

  it('do not run any more when one of the same turn has stopped them', () => {
    const { loop, time } = timeOf();
    const fired: number[] = [];
    const timers = new RealTimers(time, (timer) => {
      fired.push(timer);
      if (timer === 1) timers.stop(2);
    });
    for (let timer = 0; timer < 4; timer++) timers.start(timer, 10);
    loop.advance(10);
    loop.turn();
    expect(fired).toEqual([0, 1, 3]);
  });

  it('may have the number of one that has fired, and fire at once when nothing else has expired', () => {
    const { loop, timers, fired } = timersOf();
    for (const timer of [1, 2, 3]) timers.start(timer, 10);
    loop.advance(10);
    for (let n = 0; n < 3; n++) loop.turn();
    for (const timer of [1, 2, 3]) timers.start(timer, 1_000);
    for (let n = 0; n < 3; n++) loop.turn();
    expect(fired).toEqual([1, 2, 3]);
    timers.start(4, 10);
    loop.advance(10);
    expect(fired).toEqual([1, 2, 3, 4]);
  });

  it('that are late already fire at once', () => {
    const { loop, timers, fired } = timersOf();
    const waits: number[] = [];
    const start = loop.startTimer.bind(loop);
    loop.startTimer = (milliseconds, act) => {
      waits.push(milliseconds);
      return start(milliseconds, act);
    };
    timers.start(1, -5);
    expect(Math.min(...waits)).toBe(0);
    loop.advance(0);
    expect(fired).toEqual([1]);
  });
});

describe('the time of one event (P14)', () => {
  it('is 2 ms, or 5 ms for work in turns, and at most 256 commands', () => {
    const loop = new ManualLoop();
    const slices = new Slices(loop);
    const [isUp, isTurnUp] = [slices.begin(0, false), slices.begin(0, true)];
    expect([isUp(256), isUp(257), isTurnUp(257)]).toEqual([false, true, true]);
    loop.skip(2);
    expect(isUp(1)).toBe(false);
    loop.skip(0.5);
    expect([isUp(1), isTurnUp(1)]).toEqual([true, false]);
    loop.skip(2.5);
    expect(isTurnUp(1)).toBe(false);
    loop.skip(0.1);
    expect(isTurnUp(1)).toBe(true);
  });

  it('is up at once in a round that has taken 10 ms, until the sockets have had their turn', () => {
    const loop = new ManualLoop();
    const slices = new Slices(loop);
    loop.skip(0.4);
    slices.end(0, loop.now());
    loop.skip(0.6);
    // This one takes long enough to count as the beginning of a round.
    slices.end(0.5, loop.now());
    loop.skip(6);
    slices.end(3, loop.now());
    loop.skip(3);
    const isUp = slices.begin(loop.now(), false);
    expect(isUp(1)).toBe(false);
    loop.skip(0.5);
    expect(isUp(1)).toBe(false);
    loop.skip(0.1);
    expect(isUp(1)).toBe(true);
    loop.turn();
    expect(slices.begin(loop.now(), false)(1)).toBe(false);
  });

  it('is limited again in the next busy round, and not by short events', () => {
    const loop = new ManualLoop();
    const slices = new Slices(loop);
    slices.end(0, 1);
    loop.turn();
    loop.skip(100);
    slices.end(99.9, 100);
    loop.skip(10);
    const isUp = slices.begin(110, false);
    loop.skip(2);
    expect(isUp(1)).toBe(false);
    slices.end(110, 112);
    loop.skip(8);
    const isNextUp = slices.begin(120, false);
    expect(isNextUp(1)).toBe(false);
    loop.skip(0.1);
    expect(isNextUp(1)).toBe(true);
  });
});

function stopping(connections: number) {
  const { loop, time } = timeOf();
  const log: string[] = [];
  const state = { connections, losers: connections };
  const server = new Stopping({
    time,
    connections: () => state.connections,
    someWouldLose: () => state.losers > 0,
    stopListening: () => log.push('stops listening'),
    handle: ({ type }) => log.push(type),
    release: () => {
      log.push('releases');
      return Promise.resolve();
    },
  });
  const advance = async (milliseconds: number): Promise<void> => {
    for (let left = milliseconds; left > 0; left -= 10) {
      loop.advance(10);
      await endOfTurn();
    }
  };
  return { loop, log, state, server, advance };
}

describe('a server that stops', () => {
  it('without clients releases all at once', async () => {
    const { loop, log, server } = stopping(0);
    expect(server.hasBegun).toBe(false);
    const stopped = server.begin(0);
    expect(server.hasBegun).toBe(true);
    await stopped;
    expect(log).toEqual(['stops listening', 'stopping', 'releases']);
    expect(loop.running).toBe(0);
  });

  it('waits for clients exactly as many seconds as it was told, to a look', async () => {
    const { log, server, advance } = stopping(1);
    void server.begin(100);
    await advance(99_990);
    expect(log.at(-1)).toBe('draining');
    await advance(10);
    expect(log.at(-1)).toBe('stopping');
  });

  it('lets clients finish within the time, then take their replies', async () => {
    const { log, server, advance } = stopping(1);
    void server.begin(1);
    await advance(990);
    expect(log).toEqual(['stops listening', 'draining']);
    await advance(20);
    expect(log.at(-1)).toBe('stopping');
    await advance(BOUNDS.stopMs.value - 30);
    expect(log.at(-1)).toBe('stopping');
    await advance(40);
    expect(log.at(-1)).toBe('releases');
  });

  it('waits no longer than there are clients that would lose something', async () => {
    const { log, state, server, advance } = stopping(1);
    void server.begin(60);
    await advance(100);
    expect(log).toEqual(['stops listening', 'draining']);
    state.losers = 0;
    await advance(20);
    expect(log).toEqual(['stops listening', 'draining', 'stopping']);
    state.connections = 0;
    await advance(20);
    expect(log.at(-1)).toBe('releases');
  });

  it('looks every 10 ms whether someone would lose something', async () => {
    const { log, state, server, advance } = stopping(1);
    void server.begin(60);
    state.losers = 0;
    await advance(10);
    expect(log.at(-1)).toBe('stopping');
  });

  it('may be told to hurry, and not to wait longer', async () => {
    const { log, server, advance } = stopping(1);
    const first = server.begin(60);
    expect(server.begin(600)).toBe(first);
    await advance(1_000);
    expect(log.at(-1)).toBe('draining');
    void server.begin(0);
    await advance(20);
    expect(log.filter((each) => each !== 'releases')).toEqual(['stops listening', 'draining', 'stopping']);
  });
});

describe('the unread bytes of all connections (P12)', () => {
  it('above the limit end the connections with the most, until a quarter is free, and never the last one', () => {
    const unread = new Unread<{ unread: number }>(100);
    const clients = [10, 40, 20, 30].map((each) => ({ unread: each }));
    for (const client of clients) unread.count(client);
    expect([unread.bytes, unread.excess()]).toEqual([100, []]);
    const [small, largest] = clients;
    if (small === undefined || largest === undefined) throw new Error('there are no clients');
    small.unread = 36;
    unread.count(small);
    expect(unread.bytes).toBe(126);
    // 126 without 40 is 86, and without 36 also is 50.
    expect(unread.excess()).toEqual([largest, small]);
    expect([unread.bytes, unread.excess()]).toEqual([50, []]);
    const alone = new Unread<{ unread: number }>(100);
    alone.count({ unread: 500 });
    expect(alone.excess()).toEqual([]);
  });

  it('are counted again before a connection is ended', () => {
    const unread = new Unread<{ unread: number }>(100);
    const client = { unread: 90 };
    unread.count(client);
    unread.count({ unread: 20 });
    client.unread = 0;
    expect([unread.bytes, unread.excess(), unread.bytes]).toEqual([110, [], 20]);
  });
});

describe('the event loop of Node', () => {
  it('has timers that can be stopped, and intervals', async () => {
    const fired: string[] = [];
    NODE_LOOP.startTimer(1, () => fired.push('timer'));
    NODE_LOOP.startTimer(1, () => fired.push('stopped'))();
    const stop = NODE_LOOP.startInterval(1, () => fired.push('interval'));
    await expect.poll(() => fired.filter((each) => each === 'interval').length).toBeGreaterThan(1);
    stop();
    const { length } = fired;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(fired).toHaveLength(length);
    expect(fired).toContain('timer');
    expect(fired).not.toContain('stopped');
  });

  it('tells the time since the process began', () => {
    expect(Math.abs(NODE_LOOP.timeOrigin + NODE_LOOP.now() - Date.now())).toBeLessThan(1_000);
  });
});
