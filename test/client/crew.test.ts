import { describe, expect, it } from 'vitest';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import type { Launched, Launcher, LaunchOrder } from '../../src/client/launchers/launcher.ts';
import { Crew, orAsAtTheStart } from '../../src/client/master/crew.ts';
import { ThreadMemory } from '../../src/client/master/thread-memory.ts';
import type { LaunchOptions, SleighOptions } from '../../src/client/options/sleigh-options.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';

/** A launcher that starts nothing. Its workers go when the test says so. */
function launcher(sharesMemory?: boolean) {
  const orders: LaunchOrder[] = [];
  const stops: number[] = [];
  const ends: ((why: string) => void)[] = [];
  const gone = new Promise<string>((resolve) => ends.push(resolve));
  const launch: Launcher = {
    ...(sharesMemory !== undefined && { sharesMemory }),
    start: (order) => {
      const at = orders.push(order) - 1;
      const launched: Launched = { gone, stop: () => Promise.resolve(void stops.push(at)) };
      return Promise.resolve(launched);
    },
  };
  return { launch, orders, stops, go: (why: string) => ends[0]?.(why) };
}

function crew(options: Partial<SleighOptions> = {}) {
  const memory = new ThreadMemory('secret');
  const lines = unsafeCast<ConnectionPool>({ server: { host: 'ada', port: 1 }, main: { grace: 60 } });
  return { memory, crew: new Crew(lines, 'job', memory, { workers: 1, ...options }) };
}

/** Each option with another value than its default. */
const START: Required<LaunchOptions> = {
  workers: 1,
  concurrency: 2,
  hosts: ['one'],
  launch: launcher().launch,
  preload: '/start.mjs',
  cwd: '/start',
  env: { AT: 'start' },
  respawn: { restarts: 1 },
  maxTasksPerWorker: 3,
  maxMemory: 4,
  execArgv: ['--start'],
  resourceLimits: { stackSizeMb: 5 },
};
const LATER: Required<LaunchOptions> = {
  workers: 7,
  concurrency: 8,
  hosts: ['two'],
  launch: launcher().launch,
  preload: '/later.mjs',
  cwd: '/later',
  env: { AT: 'later' },
  respawn: false,
  maxTasksPerWorker: 9,
  maxMemory: 10,
  execArgv: [],
  resourceLimits: {},
};

describe('the options of a later launch', () => {
  it('are all its own if it has them', () => {
    expect(orAsAtTheStart(LATER, START)).toEqual(LATER);
    expect(orAsAtTheStart(LATER, { workers: 1 })).toEqual(LATER);
  });

  it('are those of the start otherwise, one by one', () => {
    expect(orAsAtTheStart({ workers: 7 }, START)).toEqual({ ...START, workers: 7 });
    for (const [name, value] of Object.entries(LATER)) {
      const given = unsafeCast<LaunchOptions>({ workers: 7, [name]: value });
      // Another launcher has other hosts.
      const hosts = name === 'launch' ? { hosts: undefined } : {};
      expect(orAsAtTheStart(given, START)).toEqual({ ...START, workers: 7, [name]: value, ...hosts });
    }
  });
});

describe('what a crew orders of its launcher', () => {
  it('has the address of the server, the job, and each of its options', async () => {
    const { launch, orders } = launcher();
    const deaths: unknown[] = [];
    const { crew: own } = crew({
      unref: true,
      onDeath: (...death) => deaths.push(death),
      onOutput: () => undefined,
    });
    await own.launch({ ...START, launch });
    expect(orders).toEqual([
      {
        server: { host: 'ada', port: 1 },
        workspace: 'job',
        unref: true,
        reconnectGrace: 60,
        onDeath: expect.any(Function),
        onOutput: expect.any(Function),
        // The budget is for each call.
        respawn: expect.objectContaining({ restarts: 1 }),
        maxTasksPerWorker: 3,
        maxMemory: 4,
        node: { execArgv: ['--start'], resourceLimits: { stackSizeMb: 5 } },
        workers: 1,
        concurrency: 2,
        hosts: ['one'],
        place: { cwd: '/start', env: { AT: 'start' } },
        preload: '/start.mjs',
      },
    ]);
    orders[0]?.onDeath(3, 'signal SIGKILL');
    expect(deaths).toEqual([[3, 'signal SIGKILL']]);
  });

  it('names no concurrency of one, no hosts and no memory by default', async () => {
    const { launch, orders } = launcher();
    const { crew: own, memory } = crew();
    await own.launch({ workers: 2, launch });
    expect([
      orders[0]?.hosts,
      'concurrency' in (orders[0] ?? {}),
      orders[0]?.onMemoryPort,
      memory.isShared,
    ]).toEqual([[], false, undefined, false]);
    expect(orders[0]?.respawn).toMatchObject({ restarts: 20 });
    const several = launcher();
    await own.launch({ workers: 2, concurrency: 3, launch: several.launch });
    expect(several.orders[0]?.respawn).toMatchObject({ restarts: 60 });
    const sharing = launcher(true);
    await own.launch({ workers: 2, launch: sharing.launch, respawn: false });
    expect([memory.isShared, sharing.orders[0]?.onMemoryPort, sharing.orders[0]?.respawn]).toEqual([
      true,
      expect.any(Function),
      false,
    ]);
  });

  it('is stopped with it, also what is starting, and nothing that has gone', async () => {
    const staying = launcher();
    const going = launcher();
    const late = launcher();
    const { crew: own } = crew();
    await own.launch({ workers: 1, launch: staying.launch });
    await own.launch({ workers: 1, launch: going.launch });
    going.go('all have left');
    await going.launch.start(unsafeCast({}));
    const starting = own.launch({ workers: 1, launch: late.launch });
    await own.stop();
    await expect(starting).rejects.toMatchObject({ code: 'not-launched' });
    expect([staying.stops, going.stops, late.stops]).toEqual([[0], [], [0]]);
  });
});
