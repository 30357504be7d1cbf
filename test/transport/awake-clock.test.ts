import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AwakeClock, Deadline } from '../../src/transport/awake-clock.ts';

/** Reads the clock every tenth of a second, as an awake process does. */
function live(clock: AwakeClock, from: number, milliseconds: number): number {
  let now = from;
  for (; now < from + milliseconds; now += 100) clock.look(now);
  clock.look(from + milliseconds);
  return from + milliseconds;
}

describe('the time that a process has been awake', () => {
  it('is the time of the clock while the process is awake', () => {
    const clock = new AwakeClock(5_000);
    live(clock, 5_000, 3_600_000);
    expect([clock.now, clock.asleep]).toEqual([3_605_000, 0]);
  });

  it('stands still while the process sleeps, except for a quarter of a second', () => {
    const clock = new AwakeClock(0);
    live(clock, 0, 1_000);
    clock.look(1_000 + 86_400_000);
    expect(clock.now).toBe(1_250);
    expect(clock.asleep).toBe(86_399_750);
  });

  it('advances in a process that is always slow', () => {
    const clock = new AwakeClock(0);
    for (let now = 0; now <= 100_000; now += 1_000) clock.look(now);
    expect(clock.now).toBe(25_000);
  });

  it('does not treat as sleep the time in which no timer runs', () => {
    const clock = new AwakeClock(0);
    clock.resume(60_000);
    const deadline = new Deadline(clock, 100);
    clock.look(60_100);
    expect(deadline.left()).toBe(0);
  });

  it('never goes backwards, nor faster than the clock', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000)), (gaps) => {
        const clock = new AwakeClock(0);
        let now = 0;
        for (const gap of gaps) {
          const before = clock.now;
          now += gap;
          clock.look(now);
          expect(clock.now).toBeGreaterThanOrEqual(before);
          expect(clock.now - before).toBeLessThanOrEqual(gap);
        }
      }),
    );
  });
});

describe('a deadline', () => {
  it('expires in time if the process does not sleep', () => {
    const clock = new AwakeClock(0);
    const deadline = new Deadline(clock, 1_000);
    live(clock, 0, 900);
    expect(deadline.left()).toBe(100);
    clock.look(1_000);
    expect(deadline.left()).toBe(0);
  });

  it('is postponed by a sleep', () => {
    const clock = new AwakeClock(0);
    const deadline = new Deadline(clock, 3_000);
    live(clock, 0, 1_000);
    clock.look(60_000);
    expect(deadline.left()).toBe(1_750);
  });

  it('that passed just before a sleep expires only after one turn for reading, granted once', () => {
    const clock = new AwakeClock(0);
    const deadline = new Deadline(clock, 1_000);
    live(clock, 0, 1_000);
    clock.look(60_000);
    expect(deadline.left()).toBe(250);
    clock.look(60_250);
    expect(deadline.left()).toBe(0);
    clock.look(120_000);
    expect(deadline.left()).toBe(0);
  });
});

it('the server uses no clock that can be set', () => {
  const src = join(import.meta.dirname, '..', '..', 'src');
  const files = ['transport', 'web', 'core', 'sleigh', 'workspace', 'machines'].flatMap((folder) =>
    readdirSync(join(src, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(src, folder, name)),
  );
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => /\bDate\.now|new Date\(\)/.test(readFileSync(file, 'utf8')))).toEqual([]);
});
