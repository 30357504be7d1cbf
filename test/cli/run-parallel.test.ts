import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { MAIN, RunProcess, type RunOptions } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';
import { numbers, asInput, runFixture } from './run-fixture.ts';

const fixture = runFixture();

async function run(source: string, args: readonly string[], options: RunOptions): Promise<RunProcess> {
  const process = fixture.start(source, [...fixture.onServer, ...args], options);
  await process.status();
  return process;
}

/** Records each call for each line. */
const NOTES = `
  import { appendFileSync, existsSync } from 'node:fs';
  const note = (n) => appendFileSync('calls', n + '\\n');
  const until = async (file) => { while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5)); };
`;
const calls = (): string[] => {
  if (!fixture.folder.files.includes('calls')) return [];
  return readFileSync(join(fixture.folder.path, 'calls'), 'utf8').split('\n').slice(0, -1);
};
const countOf = (line: string): number => calls().filter((each) => each === line).length;

describe('sleigh run --retries', () => {
  it('tries a line up to the given number of times, and prints the result of the try that succeeds', async () => {
    const source = `${NOTES}
      import { readFileSync } from 'node:fs';
      export default (n) => {
        note(n);
        const tries = readFileSync('calls', 'utf8').split('\\n').filter((each) => each === String(n)).length;
        if (n === 2 && tries < 3) throw new Error('not yet');
        if (n === 3) throw new Error('never');
        return n;
      }`;
    const args = ['--workers', '1', '--retries', '3'];
    const { child, lines } = await run(source, args, { input: asInput(numbers(4)) });
    expect(lines).toEqual(['1', '2', '{"line":3,"error":"Error: never"}', '4']);
    expect(['1', '2', '3', '4'].map(countOf)).toEqual([1, 3, 3, 1]);
    expect(child.exitCode).toBe(1);
  });
});

describe.skipIf(isShort)('sleigh run --timeout', () => {
  it('stops a call that takes longer, and continues with the other lines', async () => {
    const source = `export default (n) => (n === 2 ? new Promise((resolve) => setTimeout(resolve, 1e6)) : n);`;
    const args = ['--workers', '1', '--timeout', '0.3', '--joblog', 'log'];
    const { child, lines } = await run(source, args, { input: asInput(numbers(3)) });
    expect([lines[0], lines[2], child.exitCode]).toEqual(['1', '3', 1]);
    expect(JSON.parse(lines[1] ?? '')).toEqual({ line: 2, error: expect.stringContaining('300 ms') });
    const row = readFileSync(join(fixture.folder.path, 'log'), 'utf8').split('\n')[2];
    expect(row?.split('\t').slice(6, 8)).toEqual(['-1', '0']);
  });
});

describe.skipIf(isShort)('sleigh run -j', () => {
  it('sets the number of workers, as in GNU parallel', async () => {
    const { lines, errors } = await run('export default (n) => n;', ['-j', '1'], { input: '1\n' });
    expect([lines, errors]).toEqual([['1'], '']);
    const none = await run('export default (n) => n;', ['-j', '0'], { input: '1\n' });
    expect(none.errors).toMatch(/-j, --workers.*must be a whole number from 1/);
  });
});

describe.skipIf(isShort)('sleigh run --joblog', () => {
  it('records the host, and the exit status or the signal that ended a worker, as GNU parallel does', async () => {
    const source = `export default (how) => {
      if (how === 'exit') process.exit(3);
      if (how === 'kill') process.kill(process.pid, 'SIGKILL');
      if (how === 'throw') throw new Error('thrown');
      return how;
    };`;
    const args = ['--workers', '1', '--retries', '1', '--joblog', 'log'];
    await run(source, args, { input: 'good\nthrow\nexit\nkill\n' });
    const [head, ...rows] = readFileSync(join(fixture.folder.path, 'log'), 'utf8').trimEnd().split('\n');
    expect(head?.split('\t')).toEqual(
      'Seq Host Starttime JobRuntime Send Receive Exitval Signal Command'.split(' '),
    );
    const known = rows.map((row) => row.split('\t').filter((_, column) => column < 2 || column > 5));
    expect(known).toEqual([
      ['1', hostname(), '0', '0', expect.stringMatching(/ good$/)],
      ['2', hostname(), '1', '0', expect.stringMatching(/ throw$/)],
      ['3', hostname(), '3', '0', expect.stringMatching(/ exit$/)],
      ['4', hostname(), '1', '9', expect.stringMatching(/ kill$/)],
    ]);
  });
});

describe('sleigh run --halt', () => {
  const source = `${NOTES} export default (n) => { note(n); if (n === 3) throw new Error('three'); return n; }`;

  it('now ends the run at the first line that fails, with status 1', async () => {
    const args = ['--workers', '1', '--halt', 'now,fail=1'];
    const { child, lines, errors } = await run(source, args, { input: asInput(numbers(500)) });
    expect(lines).toEqual(['1', '2', '{"line":3,"error":"Error: three"}']);
    expect(errors).toMatch(/^sleigh: ended early, by --halt: 3 lines done, 1 failed$/m);
    expect(child.exitCode).toBe(1);
    expect(calls().length).toBeLessThan(10);
  });

  it.skipIf(isShort)(
    'soon starts no further line and waits for running ones; successful lines do not count as failures',
    async () => {
      const waits = `${NOTES}
      export default async (n) => { note(n); if (n === 2) await until('go'); return n; }`;
      fixture.folder.write('module.mjs', waits);
      const args = ['module.mjs', '--workers', '2', '--unordered', '--halt', 'soon,success=2'];
      const running = new RunProcess(fixture.folder.path, args, { input: asInput(numbers(500)) });
      await eventually(() => running.lines.length >= 2, 'two results');
      fixture.folder.write('go', '');
      expect(await running.status()).toBe(0);
      expect(running.lines).toContain('2');
      expect(running.lines.toSorted()).toEqual(calls().toSorted());
      expect(calls().length).toBeLessThan(10);
    },
  );

  it.skipIf(isShort)('is refused without a value', async () => {
    const { child, errors } = await run(source, ['--halt', 'sometime'], { input: '' });
    expect([child.exitCode, errors]).toEqual([1, expect.stringContaining('as in now,fail=1')]);
  });
});

/** A run whose output is appended to a file. */
function runInto(file: string, args: readonly string[]): ChildProcess {
  const output = openSync(join(fixture.folder.path, file), 'a');
  return spawn(process.execPath, [MAIN, 'run', ...args], {
    cwd: fixture.folder.path,
    stdio: ['ignore', output, 'pipe'],
  });
}

/** @returns its output on standard error after it has ended */
async function ended(child: ChildProcess): Promise<string> {
  const [errors] = await Promise.all([text(child.stderr ?? Readable.from([])), once(child, 'exit')]);
  return errors;
}

const linesOf = (file: string): string[] =>
  readFileSync(join(fixture.folder.path, file), 'utf8').split('\n').slice(0, -1);

describe('sleigh run --joblog --resume', () => {
  const source = `${NOTES}
    export default async (n) => {
      note(n);
      if (n === 4 || n === 20) await until('go');
      if (n === 6) throw new Error('six');
      return n;
    }`;
  const expected = numbers(30).map((n) => (n === '6' ? '{"line":6,"error":"Error: six"}' : n));

  it.skipIf(isShort).each(['SIGKILL', 'SIGINT'] as const)(
    'continues after %s: no finished line is called again, and each result appears once, in order',
    async (signal) => {
      fixture.folder.write('module.mjs', source);
      fixture.folder.write('in.txt', asInput(numbers(30)));
      const args = ['module.mjs', 'in.txt', '--workers', '2', '--joblog', 'log'];
      const first = runInto('out', args);
      let errors = '';
      first.stderr?.on('data', (bytes: Buffer) => (errors += bytes.toString()));
      // Both workers wait, one of them at line 4: the results of the other are complete and not printed.
      await eventually(() => countOf('20') === 1, 'all workers wait');
      await eventually(
        () => linesOf('log.results').some((line) => line.includes('"line":19')),
        'line 19 is kept',
      );
      expect(linesOf('out')).toEqual(['1', '2', '3']);
      const ended = once(first, 'close');
      first.kill(signal);
      await ended;
      if (signal === 'SIGINT') {
        expect(errors).toMatch(
          /sleigh: interrupted: 18 of 30 lines done, 1 failed; to go on, .*--resume >>OUTPUT$/m,
        );
        expect(first.exitCode).toBe(130);
      }
      writeFileSync(join(fixture.folder.path, 'go'), '');
      const second = runInto('out', [...args, '--resume']);
      await once(second, 'close');
      expect(linesOf('out')).toEqual(expected);
      expect(numbers(30).filter((n) => countOf(n) !== 1)).toEqual(['4', '20']);
      expect(linesOf('log').map((row) => row.split('\t')[0])).toEqual(['Seq', ...numbers(30)]);
      expect(fixture.folder.files).not.toContain('log.results');
    },
    60_000,
  );

  it.skipIf(isShort)('reports an output file that was emptied, as a shell does by >', async () => {
    fixture.folder.write('module.mjs', 'export default (n) => n;');
    fixture.folder.write('in.txt', '1\n2\n');
    const args = ['module.mjs', 'in.txt', '--joblog', 'log'];
    expect(await ended(runInto('first', args))).not.toContain('empty');
    expect(await ended(runInto('first', [...args, '--resume']))).not.toContain('empty');
    expect(await ended(runInto('second', [...args, '--resume']))).toMatch(
      /the output is an empty file.*>>FILE/,
    );
    expect([linesOf('first'), linesOf('second')]).toEqual([['1', '2'], []]);
  });

  it.skipIf(isShort)(
    'does nothing for a finished run; with --resume-failed it calls the lines that failed',
    async () => {
      fixture.folder.write('go', '');
      const first = await run(source, ['--joblog', 'log'], { input: asInput(numbers(7)) });
      expect(first.lines).toEqual(expected.slice(0, 7));
      const again = await run(source, ['--joblog', 'log', '--resume'], { input: asInput(numbers(7)) });
      expect([again.child.exitCode, again.output, calls().length]).toEqual([0, '', 7]);
      const failed = await run(
        NOTES + 'export default (n) => { note(n); return n; }',
        ['--joblog', 'log', '--resume-failed'],
        {
          input: asInput(numbers(8)),
        },
      );
      expect([failed.child.exitCode, failed.lines]).toEqual([0, ['6', '8']]);
      expect(countOf('6')).toBe(2);
      const last = await run(source, ['--joblog', 'log', '--resume-failed'], { input: asInput(numbers(8)) });
      expect([last.child.exitCode, last.output]).toEqual([0, '']);
    },
    60_000,
  );

  it.skipIf(isShort)(
    'refuses an input that differs from the log, and a log that cannot be written',
    async () => {
      const plain = 'export default (n) => n';
      await run(plain, ['--joblog', 'log'], { input: 'a\nb\n' });
      const other = await run(plain, ['--joblog', 'log', '--resume'], { input: 'a\nc\n' });
      expect([other.child.exitCode, other.output]).toEqual([1, '']);
      expect(other.errors).toMatch(/^sleigh: line 2 of the input is not the one of the log: ".* b"$/m);
      const none = await run(plain, ['--joblog', 'none/log'], { input: 'a\n' });
      expect([none.child.exitCode, none.errors]).toEqual([
        1,
        'sleigh: cannot write none/log: there is no such file\n',
      ]);
      const alone = await run(plain, ['--resume'], { input: 'a\n' });
      expect([alone.child.exitCode, alone.errors]).toEqual([1, expect.stringContaining('--joblog FILE')]);
    },
    60_000,
  );

  it.runIf(!isShort && process.platform === 'linux')(
    'reports that the disk that holds the log is full',
    async () => {
      const { child, errors } = await run('export default (n) => n', ['--joblog', '/dev/full'], {
        input: 'a\n',
      });
      expect([child.exitCode, errors]).toEqual([
        1,
        expect.stringContaining('no space is left on the device'),
      ]);
    },
  );
});

describe.skipIf(isShort)('sleigh run --web', () => {
  it('serves a page for the duration of the run, and none without the flag', async () => {
    fixture.folder.write(
      'module.mjs',
      `${NOTES} export default async (n) => { await until('go'); return n; }`,
    );
    const shown = new RunProcess(fixture.folder.path, ['module.mjs', '--web'], { input: '1\n' });
    const [[url = ''] = []] = await shown.said(/web page at (\S+)/g);
    const listed = async (): Promise<string> => (await fetch(new URL('api/workspaces', url))).text();
    await eventually(async () => (await listed()).includes('sleigh run'), 'its workspace is there');
    fixture.folder.write('go', '');
    expect(await shown.status()).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
    const plain = new RunProcess(fixture.folder.path, ['module.mjs'], { input: '1\n' });
    expect([await plain.status(), plain.errors]).toEqual([0, '']);
  });
});

describe.skipIf(isShort)('the output of a module', () => {
  it.each(['processes', 'threads'])('never mixes with results, with %s', async (how) => {
    const source = `
      import { execSync } from 'node:child_process';
      console.log('loading');
      process.stdout.write('loading more\\n');
      export default (n) => {
        console.log('at work');
        process.stdout.write('more\\n');
        execSync('echo a child', { stdio: 'inherit' });
        return n;
      }`;
    const { child, lines, errors } = await run(source, ['--launch', how, '--workers', '2'], {
      input: asInput(numbers(5)),
    });
    expect([child.exitCode, lines]).toEqual([0, numbers(5)]);
    expect(errors.match(/^at work$/gm)).toHaveLength(5);
    expect(errors.match(/^more$/gm)).toHaveLength(5);
    expect(errors.match(/^a child$/gm)).toHaveLength(5);
  });
});
