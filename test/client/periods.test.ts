import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { hostClock } from '../../src/client/clock.ts';
import type { NwsConnection } from '../../src/client/connection/connection.ts';
import { Pace } from '../../src/client/master/pace.ts';
import { Rate } from '../../src/client/master/rate.ts';
import { Retries } from '../../src/client/master/retries.ts';
import { waitBefore, wantsRetry, type Retry } from '../../src/client/options/retry.ts';
import type { Platform } from '../../src/client/platform.ts';
import { usageOf, type ProcessUsage } from '../../src/client/sentinel/process-usage.ts';
import type { WorkerChild } from '../../src/client/sentinel/worker-child.ts';
import { WorkerReports } from '../../src/client/sentinel/worker-reports.ts';
import { failed } from '../../src/client/task/outcome.ts';
import type { TaskErrorCode } from '../../src/client/task/task-metadata.ts';
import { UnrecoverableError } from '../../src/client/task/unrecoverable-error.ts';
import { CallReporter } from '../../src/client/worker/call-reporter.ts';
import { SENTINEL_REPORT } from '../../src/wire/sentinel-report.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** What the parts of the client do with time, on a clock that the test advances. */

describe('a limited rate', () => {
  it('lets elements pass at equal distances, and the first at once', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, 10);
    expect(pace.pass()).toBeUndefined();
    const passed: number[] = [];
    for (let n = 0; n < 2; n++) void pace.pass()?.then(() => passed.push(clock.now()));
    for (let n = 0; n < 30; n++) {
      clock.advance(10);
      await endOfTurn();
    }
    expect(passed).toEqual([100, 200]);
    // The next one is due now.
    expect(pace.pass()).toBeUndefined();
    expect(pace.pass()).toBeDefined();
  });

  it('makes up for 50 ms when it is late, and for no more', () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, 100);
    clock.advance(1_000);
    const passing = Array.from({ length: 7 }, () => pace.pass() === undefined);
    expect(passing).toEqual([true, true, true, true, true, true, false]);
    // The last one of these was due now, and the next one is due 10 ms later.
    clock.advance(9);
    expect(clock.running).toBe(1);
    clock.advance(1);
    expect(clock.running).toBe(0);
  });
});

describe('the rate of a batch', () => {
  it('is that of the last ten seconds', () => {
    const clock = new ManualClock();
    const rate = new Rate(clock);
    clock.advance(1_000);
    expect(rate.at(5)).toBe(5);
    clock.advance(1_000);
    expect(rate.at(5)).toBe(2.5);
    for (let second = 3; second <= 11; second++) {
      clock.advance(1_000);
      rate.at(5 + 2 * (second - 2));
    }
    // From 1 s, with 5 elements, to 11 s, with 23.
    expect(rate.at(23)).toBe(1.8);
  });

  it('is not below 0 when failed elements are called again, and not infinite at the beginning', () => {
    const clock = new ManualClock();
    const rate = new Rate(clock);
    expect(rate.at(2)).toBe(2_000);
    clock.advance(600);
    rate.at(9);
    clock.advance(600);
    expect(rate.at(0)).toBe(0);
  });

  it('is measured again after a twentieth of its time', () => {
    for (const [first, rate] of [
      [100, 5],
      [99, 20_000 / 2_099],
    ] as const) {
      const clock = new ManualClock();
      const measured = new Rate(clock, 2_000);
      clock.advance(first);
      measured.at(10);
      clock.advance(2_000);
      expect(measured.at(20)).toBeCloseTo(rate, 9);
    }
  });

  it('is not measured earlier than that', () => {
    const clock = new ManualClock();
    const rate = new Rate(clock, 2_000);
    clock.advance(100);
    rate.at(10);
    clock.advance(50);
    rate.at(20);
    clock.advance(2_000);
    // From 100 ms, with 10 elements, and not from 150 ms.
    expect(rate.at(30)).toBeCloseTo(20_000 / 2_050, 9);
  });

  it('keeps no more than one measurement in half a second', () => {
    const clock = new ManualClock();
    const rate = new Rate(clock, 2_000);
    for (let at = 0; at < 4_000; at += 10) {
      clock.advance(10);
      rate.at(clock.now() / 10);
    }
    expect(rate.at(400)).toBe(100);
    clock.advance(1_000);
    // The oldest measurement is the last one before 2 s ago.
    expect(rate.at(400)).toBeGreaterThan(45);
    expect(rate.at(400)).toBeLessThan(55);
  });
});

/** A policy that allows three, with what became of the calls. */
function retrying(policy: Partial<Retry> = {}) {
  const clock = new ManualClock();
  const log: unknown[] = [];
  const retries = new Retries({
    policy: { attempts: 3, ...policy },
    clock,
    onFault: (fault) => log.push(fault),
  });
  const fail = (code: TaskErrorCode, attempt = 1, thrown: unknown = 'x'): boolean => {
    const { error } = failed(0, { code, message: 'no', stack: '', thrown }, 1, attempt);
    return retries.failed(0, error, (next) => log.push(next));
  };
  return { clock, log, retries, fail };
}

describe('the attempts of an element (S27)', () => {
  it('are made after the time that the policy says for the next one', () => {
    const asked: number[] = [];
    const { clock, log, fail } = retrying({ backoff: (attempt) => asked.push(attempt) * 70 });
    expect([fail('threw'), asked, clock.running]).toEqual([true, [2], 1]);
    clock.advance(69);
    expect(log).toEqual([]);
    clock.advance(1);
    expect([log, fail('timed-out', 2), asked]).toEqual([[2], true, [2, 3]]);
    clock.advance(140);
    expect([log, fail('threw', 3), clock.running]).toEqual([[2, 3], false, 0]);
  });

  it('are no more if another one cannot succeed, or the policy does not want it', () => {
    const { fail } = retrying({ when: () => true });
    for (const code of ['not-sent', 'not-loaded', 'unreadable', 'cancelled'] as const)
      expect([code, fail(code)]).toEqual([code, false]);
    expect(fail('threw', 1, new UnrecoverableError('never'))).toBe(false);
    expect(fail('threw', 1, new Error('now'))).toBe(true);
    expect(retrying({ when: () => false }).fail('threw')).toBe(false);
  });

  it('end with what a function of the policy throws, or when the element is withdrawn', () => {
    const why = new Error('no idea');
    const faulty = retrying({
      backoff: () => {
        throw why;
      },
    });
    expect([faulty.fail('threw'), faulty.log, faulty.clock.running]).toEqual([false, [why], 0]);
    const withdrawn = retrying();
    expect(withdrawn.fail('threw')).toBe(true);
    withdrawn.retries.withdraw(0);
    withdrawn.clock.advance(10_000);
    expect([withdrawn.log, withdrawn.clock.running]).toEqual([[], 0]);
  });
});

describe('the wait before another attempt', () => {
  const { error } = failed(0, { code: 'threw', message: 'no', stack: '' });

  it('is 100 ms, doubled each time, and at most 10 s', () => {
    expect([2, 3, 4, 8, 9, 50].map((attempt) => waitBefore({ attempts: 99 }, attempt, error))).toEqual([
      100, 200, 400, 6_400, 10_000, 10_000,
    ]);
  });

  it('is what the policy says, which must be a duration', () => {
    expect(waitBefore({ attempts: 3, backoff: 7 }, 3, error)).toBe(7);
    const seen: unknown[] = [];
    const backoff = (attempt: number, cause: unknown): number => seen.push(attempt, cause);
    expect(waitBefore({ attempts: 3, backoff }, 3, error)).toBe(2);
    expect(seen).toEqual([3, error]);
    expect(() => waitBefore({ attempts: 3, backoff: () => -1 }, 2, error)).toThrow(RangeError);
    expect(() => waitBefore({ attempts: 3, backoff: () => Number.NaN }, 2, error)).toThrow('`backoff`');
  });
});

it.each<[what: string, when: Retry['when'], wanted: boolean]>([
  ['without a function', undefined, true],
  ['whose function says so', ({ code }) => code === 'threw', true],
  ['whose function does not', () => false, false],
])('a policy %s decides whether an element is called again', (_what, when, wanted) => {
  const { error } = failed(0, { code: 'threw', message: 'no', stack: '' });
  expect(wantsRetry({ attempts: 2, when }, error)).toBe(wanted);
  const late = unsafeCast<Retry['when']>(() => Promise.resolve(wanted));
  expect(() => wantsRetry({ attempts: 2, when: late }, error)).toThrow(
    '`when` must be a function that is not async',
  );
});

function reporter() {
  const clock = new ManualClock();
  const sent: unknown[] = [];
  const about = { batch: '7', index: 3, worker: 1 };
  const reports = new CallReporter({
    clock,
    about,
    send: ({ type, value, ...rest }) => {
      expect(rest).toEqual(about);
      sent.push(`${type} ${String(value)}`);
    },
  });
  return { clock, sent, reports };
}

describe('the reports of a call', () => {
  it('contain the first value of its progress at once, then the newest every 50 ms, and the last at its end', () => {
    const { clock, sent, reports } = reporter();
    for (const value of [1, 2, 3]) reports.progress(value);
    expect(sent).toEqual(['progress 1']);
    clock.advance(49);
    expect(sent).toHaveLength(1);
    clock.advance(1);
    expect(sent).toEqual(['progress 1', 'progress 3']);
    // No value has come for two periods: the next one is sent at once.
    clock.advance(100);
    expect([sent.length, clock.running]).toEqual([2, 0]);
    reports.progress(4);
    reports.progress(5);
    reports.end();
    expect(sent.slice(2)).toEqual(['progress 4', 'progress 5']);
    expect(clock.running).toBe(0);
    reports.end();
    expect(sent).toHaveLength(4);
  });

  it('contain every line at once', () => {
    const { sent, reports } = reporter();
    for (const line of ['a', 'b']) reports.log(line);
    expect(sent).toEqual(['log a', 'log b']);
    reports.end();
    expect(sent).toHaveLength(2);
  });
});

function watcher(answers: { fails: boolean } = { fails: false }) {
  const clock = new ManualClock();
  const stored: { readonly variable: string; readonly value: unknown }[] = [];
  const declared: string[] = [];
  const connection = {
    declare: (workspace: string, variable: string, mode: string) => {
      declared.push(`${workspace} ${variable} ${mode}`);
      return Promise.resolve();
    },
    store: (_workspace: string, variable: string, value: unknown) => {
      if (answers.fails) return Promise.reject(new Error('the job has ended'));
      stored.push({ variable, value });
      return Promise.resolve();
    },
  };
  const reports = new WorkerReports({
    connection: unsafeCast<NwsConnection>(connection),
    workspace: 'job',
    platform: unsafeCast<Platform>({ clock, hostname: 'ada' }),
  });
  return { clock, stored, declared, reports };
}

/** A worker that has used that, one after the other. */
function workerWith(usages: readonly (ProcessUsage | undefined)[]): Pick<WorkerChild, 'usage'> {
  const left = [...usages];
  return { usage: () => Promise.resolve(left.shift()) };
}
const used = (processorMs: number, memory: number): ProcessUsage => ({ processorMs, memory });

describe('the reports of a sentinel about its workers', () => {
  it('contain the share of a processor that each used since the last report, its memory and its call', async () => {
    const { clock, stored, declared, reports } = watcher();
    clock.advance(300);
    reports.started(4, workerWith([used(500, 10), used(1_500, 20), undefined, used(9_000, 30)]));
    await endOfTurn();
    expect(declared).toEqual([`job ${SENTINEL_REPORT}4 single`]);
    expect(stored[0]?.variable).toBe(`${SENTINEL_REPORT}4`);
    expect(stored[0]?.value).toEqual({ host: 'ada', workers: [{ rank: 4, memory: 10 }] });
    clock.advance(1_999);
    await endOfTurn();
    expect(stored).toHaveLength(1);
    reports.calls(4, { call: 3, batch: '7', at: 2, limit: null, isLoading: true });
    reports.calls(5, { call: 3, batch: '7', at: 2, limit: null, isLoading: true });
    clock.advance(1);
    await endOfTurn();
    const call = { batch: '7', place: 2, isLoading: true, since: 2_299 };
    expect(stored[1]?.value).toEqual({
      host: 'ada',
      workers: [{ rank: 4, processors: 0.5, memory: 20, call }],
    });
    reports.calls(4, undefined);
    for (let n = 0; n < 2; n++) {
      clock.advance(2_000);
      await endOfTurn();
    }
    // A report that could not be made is nothing to compare the next one with.
    expect(stored.slice(2).map(({ value }) => value)).toEqual([
      { host: 'ada', workers: [{ rank: 4 }] },
      { host: 'ada', workers: [{ rank: 4, memory: 30 }] },
    ]);
  });

  it('go on in one variable, without workers that have ended, until they are ended', async () => {
    const { clock, stored, declared, reports } = watcher();
    reports.started(1, workerWith([]));
    reports.started(2, workerWith([]));
    await endOfTurn();
    reports.ended(1);
    clock.advance(2_000);
    await endOfTurn();
    expect(declared).toHaveLength(1);
    expect(new Set(stored.map(({ variable }) => variable)).size).toBe(1);
    expect(stored.map(({ value }) => value)).toEqual([
      { host: 'ada', workers: [{ rank: 1 }, { rank: 2 }] },
      { host: 'ada', workers: [{ rank: 2 }] },
    ]);
    reports.end();
    expect(clock.running).toBe(0);
    clock.advance(10_000);
    await endOfTurn();
    expect(stored).toHaveLength(2);
  });

  it('are not begun again when they end while one is stored', async () => {
    const { clock, stored, reports } = watcher();
    reports.started(1, workerWith([]));
    reports.end();
    await endOfTurn();
    expect([stored.length, clock.running]).toEqual([0, 0]);
  });

  it('end without an error when the job has ended', async () => {
    const answers = { fails: false };
    const { clock, reports } = watcher(answers);
    reports.started(1, workerWith([]));
    await endOfTurn();
    answers.fails = true;
    clock.advance(2_000);
    await endOfTurn();
    expect(clock.running).toBe(0);
  });
});

/** Milliseconds of processor time of this process. */
function own(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The timers that keep this process alive. */
const running = (): number => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;

describe.skipIf(process.platform !== 'linux')('what a process has used', () => {
  it('is its processor time and its memory, as it sees them itself', async () => {
    for (const until = performance.now() + 60; performance.now() < until;);
    const before = own();
    const found = await usageOf(process.pid);
    // In hundredths of a second, each of both parts.
    expect(found?.processorMs).toBeGreaterThan(before - 30);
    expect(found?.processorMs).toBeLessThan(own() + 30);
    const rss = process.memoryUsage.rss();
    expect(found?.memory).toBeGreaterThan(rss / 2);
    expect(found?.memory).toBeLessThan(rss * 2);
    // Linux says it in KiB.
    expect((found?.memory ?? 0) % 1_024).toBe(0);
  });

  it('is unknown for a process that has ended or was never started', async () => {
    expect(await usageOf(undefined)).toBeUndefined();
    expect(await usageOf(2 ** 22 + 1)).toBeUndefined();
  });
});

it('the timers of the client keep no process alive', () => {
  const before = running();
  const timer = hostClock.startTimer(60_000, () => undefined);
  expect(running()).toBe(before);
  timer.stop();
});
