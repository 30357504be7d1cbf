import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { NetWorkSpace } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';

let server: Server;
const opened: NetWorkSpace[] = [];
beforeAll(async () => (server = await createServer({ port: 0, logLevel: 'silent' })));
afterAll(() => server.close());
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

async function open(name = 'w'): Promise<NetWorkSpace> {
  const workspace = await NetWorkSpace.open(name, { port: server.port, persistent: true });
  opened.push(workspace);
  return workspace;
}

describe('a value that is taken for a time', () => {
  it('is removed when it is done, and returns when it is given back or its block ends', async () => {
    const jobs = (await open()).variable<string>('jobs', 'fifo');
    for (const each of ['a', 'b']) await jobs.store(each);
    {
      await using first = await jobs.take({ lease: 60_000 });
      expect(first.value).toBe('a');
      expect(await jobs.findTry()).toBe('b');
    }
    const again = await jobs.take({ lease: 60_000 });
    expect([again.value, again.found.index]).toEqual(['a', 0]);
    await again.done();
    for (const after of [again.back(), again.done(), again.extend()])
      await expect(after).rejects.toThrow('the lease has ended already, by `done` or `back`');
    const second = await jobs.take({ lease: 60_000 });
    await second.back();
    expect([await jobs.fetch(), await jobs.fetchTry()]).toEqual(['b', undefined]);
  });

  it('returns when its time has elapsed, and its signal says so', async () => {
    const jobs = (await open()).variable<string>('timed', 'fifo');
    await jobs.store('a');
    const lease = await jobs.take({ lease: 100 });
    await lease.extend(300);
    await sleep(150);
    expect([lease.signal.aborted, await jobs.findTry()]).toEqual([false, undefined]);
    expect(await jobs.fetch()).toBe('a');
    await eventually(() => lease.signal.aborted, 'the lease is lost');
    expect(lease.signal.reason).toMatchObject({
      message: 'the lease has elapsed after 300 ms, and the value has returned',
    });
    // Its connection waits for another value now, and is not disturbed.
    const waiting = jobs.take({ lease: 60_000 });
    for (const after of [lease.back(), lease.done(), lease.extend()])
      await expect(after).rejects.toThrow('the lease has elapsed after 300 ms');
    await jobs.store('b');
    expect((await waiting).value).toBe('b');
  });

  it('returns when its program goes', async () => {
    const [one, two] = [await open(), await open()];
    await one.variable('held', 'fifo').store('a');
    const lease = await two.variable('held').take({ lease: 60_000 });
    const waiting = one.fetch('held');
    two.close();
    expect(await waiting).toBe('a');
    expect(lease.signal.aborted).toBe(true);
  });

  it('is not taken by a wait that ends early, and needs a time', async () => {
    const jobs = (await open()).variable<string>('early', 'fifo');
    await expect(jobs.take({ lease: 1_000, timeout: 20 })).rejects.toMatchObject({ code: 'timed-out' });
    await jobs.store('a');
    expect(await jobs.fetchTry()).toBe('a');
    await expect(jobs.take({ lease: 0 })).rejects.toThrow(
      '`lease` must be a whole number of at least 1, got 0.',
    );
  });
});

describe('a lock', () => {
  it('is held by one program at a time, though many ask for it at once', async () => {
    const programs = await Promise.all(Array.from({ length: 6 }, () => open()));
    let inside = 0;
    let most = 0;
    let count = 0;
    await Promise.all(
      programs.map(async (program) => {
        for (let round = 0; round < 5; round++) {
          await using lock = await program.lock('turn');
          expect(lock.signal.aborted).toBe(false);
          most = Math.max(most, ++inside);
          await sleep(1);
          count++;
          inside--;
        }
      }),
    );
    expect([most, count]).toEqual([1, 30]);
    // The surplus values are gone.
    expect((await programs[0]?.list())?.find(({ name }) => name === '#lock turn')?.values).toBeLessThan(6);
  });

  it('is extended while it is held, and passes on when its program goes', async () => {
    const [one, two] = [await open(), await open()];
    const lock = await one.lock('long', { lease: 150 });
    await expect(two.lock('long', { timeout: 400 })).rejects.toMatchObject({ code: 'timed-out' });
    expect(lock.signal.aborted).toBe(false);
    one.close();
    const next = await two.lock('long');
    expect(lock.signal.aborted).toBe(true);
    await next.release();
    await next.release();
  });

  it('is lost when its variable is deleted, because it cannot be extended any more', async () => {
    const workspace = await open();
    const lock = await workspace.lock('deleted', { lease: 300 });
    await workspace.deleteVariable('#lock deleted');
    await eventually(() => lock.signal.aborted, 'the lock is lost');
    expect(lock.signal.reason).toMatchObject({ code: 'failed' });
    await lock.release();
  });

  it('elects a leader, and another one when that goes', async () => {
    const [one, two] = [await open(), await open()];
    const led: string[] = [];
    const lead =
      (name: string) =>
      async (signal: AbortSignal): Promise<string> => {
        led.push(name);
        if (name === 'one') await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return name;
      };
    const first = one.elect('leader', lead('one')).catch((error: unknown) => String(error));
    await eventually(() => led.length === 1, 'one leads');
    const second = two.elect('leader', lead('two'));
    one.close();
    expect(await second).toBe('two');
    expect(await first).toContain('closed');
    expect(led).toEqual(['one', 'two']);
  });
});
