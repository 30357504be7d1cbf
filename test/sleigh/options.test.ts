import { describe, expect, it } from 'vitest';
import { NO_MAXIMUM } from '../../src/machines/join-phase-setup.ts';
import { NamedTimers } from '../../src/sleigh/named-timers.ts';
import { DEFAULT_OPTIONS, parseReach, readOptions, type JobOptions } from '../../src/sleigh/options.ts';
import { isRefusal } from '../../src/workspace/refusal.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MOST = 100;
const read = (metadata: Readonly<Record<string, string>>, defaults = DEFAULT_OPTIONS) =>
  readOptions(new Map(Object.entries(metadata)), defaults, MOST);

describe('the options of a job (S1)', () => {
  it('are the defaults where nothing is said, and elastic groups put tasks of the dead back', () => {
    expect(read({})).toEqual({
      rankCount: NO_MAXIMUM,
      sentinelRefreshPeriod: 60,
      workerGracePeriod: 300,
      onDeadWorker: 'shutdown',
      maxAttempts: 3,
      join: 'closing',
      reconnectGrace: 0,
    });
    const others: JobOptions = {
      ...DEFAULT_OPTIONS,
      maxAttempts: 9,
      onDeadWorker: 'null',
      reconnectGrace: 7,
    };
    expect(read({}, others)).toEqual(others);
    expect(read({ join: 'elastic' }, others)).toEqual({
      ...others,
      join: 'elastic',
      onDeadWorker: 'requeue',
    });
    expect(read({ join: 'elastic', onDeadWorker: 'null' })).toMatchObject({ onDeadWorker: 'null' });
  });

  it.each<[keyof JobOptions, readonly string[], readonly string[]]>([
    ['rankCount', ['0', '1', '-1', '100'], ['101', '1.5', 'x', '']],
    ['sentinelRefreshPeriod', ['0.1', '60'], ['0', '-1', 'x']],
    ['workerGracePeriod', ['0', '0.5', '300'], ['-0.1', 'x']],
    ['onDeadWorker', ['shutdown', 'requeue', 'null'], ['Null', '']],
    ['maxAttempts', ['1', '1000'], ['0', '1.5', 'x']],
    ['join', ['closing', 'elastic'], ['open', '']],
    ['reconnectGrace', ['0', '0.5'], ['-0.1', 'x']],
  ])('%s may be %j and not %j', (name, good, bad) => {
    for (const text of good) {
      const options = read({ [name]: text });
      expect([text, isRefusal(options) ? options : String(options[name])]).toEqual([text, text]);
    }
    for (const text of bad)
      expect(read({ [name]: text })).toMatchObject({ reason: expect.stringContaining(name) });
  });

  it('are refused with all that is wrong', () => {
    const refused = read({ maxAttempts: '0', join: 'x', reconnectGrace: '1' });
    expect(refused).toMatchObject({ reason: expect.stringMatching(/join must be .*; maxAttempts must be/) });
    expect(JSON.stringify(refused)).not.toContain('reconnectGrace');
  });

  it('of a broadcast are the present workers, or all (S17)', () => {
    expect([parseReach(new Map()), parseReach(new Map([['reach', 'all']]))]).toEqual(['present', 'all']);
    expect(isRefusal(parseReach(new Map([['reach', 'some']])))).toBe(true);
  });
});

describe('the timers of a job', () => {
  it('run once at a time under each name, and not any more when they have fired or were stopped', () => {
    const clock = new ManualClock();
    const timers = new NamedTimers({
      start: (milliseconds, fired) => clock.startTimer(milliseconds, fired),
    });
    const fired: string[] = [];
    const start = (name: string, seconds: number, text = name): void =>
      timers.start(name, seconds, () => fired.push(text));
    start('a', 1);
    start('b', 2);
    start('a', 3, 'a again');
    expect([clock.running, [...timers.running.keys()]]).toEqual([2, ['b', 'a']]);
    clock.advance(2_000);
    expect([fired, timers.isRunning('b'), timers.isRunning('a')]).toEqual([['b'], false, true]);
    timers.stop('a');
    timers.stop('a');
    expect([clock.running, timers.isRunning('a')]).toEqual([0, false]);
    for (const name of ['a', 'b']) start(name, 1);
    timers.stopAll();
    clock.advance(5_000);
    expect([fired, timers.running.size]).toEqual([['b'], 0]);
  });
});
