import { appendFileSync, closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { haltOf, isReached } from '../../src/cli/run/halt.ts';
import { Journal } from '../../src/cli/run/journal.ts';
import { commandOf, HEADER, readRows, rowText } from '../../src/cli/run/joblog.ts';
import { Ordering } from '../../src/cli/run/ordering.ts';
import { howToResume } from '../../src/cli/run/resume.ts';
import { JobWatch } from '../../src/cli/run/job-watch.ts';
import { WorkList } from '../../src/cli/run/work-list.ts';
import { duration } from '../../src/cli/numbers.ts';
import { StatusLine, type Report } from '../../src/cli/status-line.ts';
import { durationText, Tally } from '../../src/cli/tally.ts';
import { TaskError, type Outcome } from '../../src/client/task/outcome.ts';
import { Folder } from '../support/run-process.ts';

const succeeded = (index: number): Outcome => ({ index, worker: 0, value: 'done' });
const failed = (index: number): Outcome => ({
  index,
  error: new TaskError(index, 0, { code: 'threw', message: 'no', stack: 'no' }),
});

const listOf = (inputs: AsyncIterable<unknown> | Iterable<unknown>, attempts: number): WorkList =>
  new WorkList(inputs, { attempts, isWanted: () => true, hasRoom: () => true });

async function* oneAndNoEnd(): AsyncGenerator<string> {
  yield 'a';
  await new Promise(() => undefined);
}

describe('the work queue of a run', () => {
  it('retries a failed line up to the limit, and ends when no line is running', async () => {
    const work = listOf(['a', 'b'], 3);
    const elements = work.elements();
    expect([(await elements.next()).value, (await elements.next()).value]).toEqual(['a', 'b']);
    expect(work.settle(failed(0))).toBeUndefined();
    expect(work.settle(succeeded(1))).toMatchObject({ line: 2 });
    expect((await elements.next()).value).toBe('a');
    expect(work.settle(failed(2))).toBeUndefined();
    expect((await elements.next()).value).toBe('a');
    const end = elements.next();
    expect(work.settle(failed(3))).toMatchObject({ line: 1, attempts: 3 });
    expect((await end).done).toBe(true);
  });

  it('retries a failed line even while it waits for the next input line', async () => {
    const work = listOf(oneAndNoEnd(), 2);
    const elements = work.elements();
    await elements.next();
    const again = elements.next();
    work.settle(failed(0));
    expect((await again).value).toBe('a');
  });

  it('reads no line while the window is full, and none after it is stopped', async () => {
    let hasRoom = false;
    let read = 0;
    function* lines(): Generator<number> {
      for (;;) yield ++read;
    }
    const work = new WorkList(lines(), { attempts: 1, isWanted: () => true, hasRoom: () => hasRoom });
    const elements = work.elements();
    const first = elements.next();
    await new Promise(setImmediate);
    expect(read).toBe(0);
    hasRoom = true;
    work.look();
    expect((await first).value).toBe(1);
    work.stop();
    expect([(await elements.next()).done, read]).toEqual([true, 1]);
  });

  it('yields results in the order of the lines', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5 }), (lines) => {
        const ordering = new Ordering<number>(true);
        for (let line = 1; line <= 5; line++) ordering.expect(line);
        const given = lines.flatMap((line) => {
          ordering.add(line, line);
          return [...ordering.due()];
        });
        expect([given, ordering.waiting]).toEqual([[1, 2, 3, 4, 5], 0]);
      }),
    );
  });
});

describe('--halt', () => {
  it.each([
    ['now,fail=1', { done: 5, failed: 1 }, true],
    ['soon,fail=2', { done: 5, failed: 1 }, false],
    ['soon,success=4', { done: 5, failed: 1 }, true],
    ['now,done=6', { done: 5, failed: 1 }, false],
    ['now,fail=50%', { done: 2, failed: 2 }, false],
    ['now,fail=50%', { done: 6, failed: 3 }, true],
    ['now,fail=50%', { done: 7, failed: 3 }, false],
  ])('%s of %o: %s', (text, counts, reached) => {
    const halt = haltOf(text);
    expect(halt && isReached(halt, counts)).toBe(reached);
  });

  it('never ignores every failure', () => expect(haltOf('never')).toBeUndefined());

  it.each([
    '',
    'now',
    'fail=1',
    'later,fail=1',
    'now,fail=0',
    'now,fail=x',
    'now,fail=101%',
    'now,failures=1',
  ])('%j is refused', (text) => expect(() => haltOf(text)).toThrow('as in now,fail=1'));
});

describe('a duration', () => {
  it.each([
    ['90', 90],
    ['0.5', 0.5],
    ['5m', 300],
    ['2h', 7_200],
    ['1d', 86_400],
  ])('%s is %s seconds', (text, seconds) => expect(duration(text)).toBe(seconds));
  it.each(['0', '-1', '', 'm', '5w', '1e3', 'Infinity'])('%j is refused', (text) =>
    expect(() => duration(text)).toThrow('seconds'),
  );
  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [125, '2 min 5 s'],
    [3_600, '1 h'],
    [100_000, '1 d 3 h'],
  ])('of %s seconds is printed as %s', (seconds, text) => expect(durationText(seconds)).toBe(text));
});

describe('the log of a run', () => {
  it('has the columns of GNU parallel, and one row for each line whatever the input contains', () => {
    const row = { host: 'ada', started: 1_500, took: 250, sent: 4, received: 9, exitValue: 0, signal: 0 };
    const command = commandOf('/m.mjs', 'a\tb\n');
    expect(HEADER.split('\t')).toHaveLength(9);
    expect(rowText({ line: 7, ...row, command })).toBe(
      '7\tada\t1.500\t     0.250\t4\t9\t0\t0\t/m.mjs a\\u0009b\\u000a',
    );
    expect(readRows([HEADER, rowText({ line: 7, ...row, command })])).toEqual(
      new Map([[7, { hasFailed: false, command }]]),
    );
  });

  it.each([[['something else']], [[HEADER, 'x\ty']]])('does not accept %j as a row', (rows) => {
    expect(() => readRows(rows)).toThrow(TypeError);
  });
});

const LINES = 4;
const textOf = (line: number): string => `${JSON.stringify(`é${line}`)}\n`;

describe('a run that is killed at any moment and resumed', () => {
  let folder: Folder;
  beforeEach(() => (folder = new Folder()));
  afterEach(() => folder[Symbol.dispose]());

  /**
   * Continues until a number of steps is done.
   * @returns the lines that were called
   */
  function play(steps: number, isResumed: boolean, order: readonly number[]): number[] {
    const output = openSync(`${folder.path}/out`, 'a');
    const journal = new Journal({ path: `${folder.path}/log`, isResumed, output });
    const called: number[] = [];
    const ready = new Set<number>();
    let left = steps;
    const step = (act: () => void): boolean => {
      if (left-- <= 0) return false;
      act();
      return true;
    };
    const play = (): void => {
      const wanted = Array.from({ length: LINES }, (_, at) => at + 1).filter(
        (line) => !journal.logged.has(line),
      );
      for (const line of wanted) if (journal.stored(line) !== undefined) ready.add(line);
      const missing = order.filter((line) => wanted.includes(line) && !ready.has(line));
      for (const line of [undefined, ...missing]) {
        if (line !== undefined) {
          called.push(line);
          if (
            !step(() =>
              journal.store(line, {
                row: `${line}\t-\t0\t0\t0\t0\t0\t0\tm`,
                text: textOf(line),
                hasFailed: false,
              }),
            )
          )
            return;
          ready.add(line);
        }
        for (let due = wanted[0]; due !== undefined && ready.has(due); due = wanted[0]) {
          const at: number = due;
          let rest: Buffer = Buffer.alloc(0);
          if (!step(() => (rest = Buffer.from(journal.begin(at, textOf(at)))))) return;
          // One byte at a time, so that it is cut everywhere.
          for (const byte of rest) if (!step(() => writeSync(output, Buffer.from([byte])))) return;
          if (!step(() => journal.finish(at, `${at}\t-\t0\t0\t0\t0\t0\t0\tm`))) return;
          wanted.shift();
        }
      }
    };
    play();
    closeSync(output);
    return called;
  }

  it('prints each result once, in order, and calls no line again that has a result', () => {
    const order = fc.shuffledSubarray([1, 2, 3, 4], { minLength: LINES });
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 3 }), order, (kills, order) => {
        for (const name of ['out', 'log', 'log.results']) writeFileSync(`${folder.path}/${name}`, '');
        let called: number[] = [];
        for (const [at, steps] of [...kills, Infinity].entries()) {
          const now = play(steps, at > 0, order);
          // The last line that was called may have been killed before it was finished.
          expect(now.filter((line) => called.slice(0, -1).includes(line))).toEqual([]);
          called = [...called.slice(0, -1), ...now];
        }
        const whole = Array.from({ length: LINES }, (_, at) => textOf(at + 1)).join('');
        expect(readFileSync(`${folder.path}/out`, 'utf8')).toBe(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('ignores a row or a result that was not completely written', () => {
    play(Infinity, false, [1, 2, 3, 4]);
    appendFileSync(`${folder.path}/log`, '5\tworker');
    appendFileSync(`${folder.path}/log.results`, '{"line":5');
    const journal = new Journal({ path: `${folder.path}/log`, isResumed: true, output: 1 });
    expect([journal.logged.has(5), journal.stored(5)]).toEqual([false, undefined]);
    journal.close();
    expect(folder.files).toEqual(['log', 'out']);
  });

  it('refuses a file that is not a log, and leaves it unchanged', () => {
    folder.write('log', 'my diary\n');
    const path = `${folder.path}/log`;
    expect(() => new Journal({ path, isResumed: true, output: 1 })).toThrow(
      /^cannot read .*log: its first line/,
    );
    expect(readFileSync(path, 'utf8')).toBe('my diary\n');
  });
});

describe('the progress of a run', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  it('is reported with the total, the rate and the remaining time', () => {
    const tally = new Tally();
    for (let n = 0; n < 20; n++) tally.count();
    tally.count({ line: 9, error: 'no', stack: 'no' });
    tally.count({ line: 3, error: 'no', stack: 'earlier' });
    vi.advanceTimersByTime(2_000);
    expect(tally.progress()).toBe('22 lines done, 2 failed, 11 a second');
    tally.total = 1_000;
    tally.before = 78;
    expect(tally.progress({ running: 4, queued: 28 })).toBe(
      '100 of 1000 lines done, 2 failed, 4 running, 28 queued, 11 a second, 1 min 22 s left',
    );
    expect(tally.firstFailure?.line).toBe(3);
  });

  it('has the rate of the last three minutes, not of the whole run', () => {
    const tally = new Tally();
    // Ten a second for five minutes, and then one a second for four.
    for (let second = 0; second < 540; second++) {
      for (let n = 0; n < (second < 300 ? 10 : 1); n++) tally.count();
      vi.advanceTimersByTime(1_000);
      tally.progress();
    }
    tally.total = tally.done + 120;
    expect(tally.figures.perSecond).toBeCloseTo(1, 1);
    expect(tally.progress()).toMatch(/, 2 min( 1 s)? left$/);
  });

  class Screen {
    written: string[] = [];
    readonly isTTY = false;
    write(text: string): void {
      this.written.push(text);
    }
    on(): void {}
  }

  it('is printed every minute if standard error is not a terminal, and sooner while nothing happens', () => {
    const screen = new Screen();
    let report: Report = { text: 'as usual', event: {}, isUrgent: false };
    const status = new StatusLine(screen);
    status.show(() => report);
    vi.advanceTimersByTime(59_000);
    expect(screen.written).toEqual([]);
    vi.advanceTimersByTime(121_000);
    expect(screen.written).toEqual(Array.from({ length: 3 }, () => 'sleigh: as usual\n'));
    report = { ...report, text: 'strange', isUrgent: true };
    vi.advanceTimersByTime(20_000);
    expect(screen.written.at(-1)).toBe('sleigh: strange\n');
    status.hide();
    vi.advanceTimersByTime(200_000);
    expect(screen.written).toHaveLength(4);
  });

  it('names the workers that have not started yet, and for how long it has waited', async () => {
    let present = 0;
    using watch = new JobWatch(2, () => Promise.resolve({ workers: present, pending: 7, running: 3 }));
    expect(watch.tasks).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.report).toBeUndefined();
    await vi.advanceTimersByTimeAsync(19_000);
    expect(watch.report).toMatchObject({
      text: 'waiting for workers: 0 of 2, since 20 s',
      event: { event: 'waiting', workers: 0, expected: 2, seconds: 20 },
    });
    expect(watch.tasks).toEqual({ running: 3, queued: 4 });
    present = 2;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.report).toBeUndefined();
    // A worker that ends later is reported as such.
    present = 1;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.report).toBeUndefined();
  });
});

describe('the command to resume a run', () => {
  it('is valid shell syntax', () => {
    const args = ['run', "it's.mjs", 'in.txt', '--joblog', 'log'];
    expect(howToResume({ joblog: 'log' }, args).command).toBe(
      String.raw`sleigh run 'it'\''s.mjs' in.txt --joblog log --resume`,
    );
    expect(howToResume({ joblog: 'log', resume: true }, [...args, '--resume']).command).not.toMatch(
      /resume.*resume/,
    );
    expect(howToResume({}, args)).toEqual({ text: 'a run with --joblog FILE can be resumed', command: null });
  });
});
