import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';

/** The program `sleigh`. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface RunOptions {
  /** Standard input, which stays open if this is absent. */
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command as a process of its own, in a folder of its own. */
export class CommandProcess {
  readonly child: ChildProcessWithoutNullStreams;
  output = '';
  errors = '';
  readonly #closed: Promise<unknown>;

  constructor(cwd: string, args: readonly string[], { input, env = {} }: RunOptions = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...process.env, ...env } });
    this.child.stdout.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
    this.child.stderr.on('data', (bytes: Buffer) => (this.errors += bytes.toString()));
    this.child.stdin.on('error', () => undefined);
    if (input !== undefined) this.child.stdin.end(input);
    this.#closed = once(this.child, 'close');
  }

  /** The exit status, when the process has ended and its output is closed. */
  async status(): Promise<number | null> {
    await this.#closed;
    return this.child.exitCode;
  }

  get lines(): string[] {
    return this.output.split('\n').slice(0, -1);
  }

  /**
   * Waits until standard error matches.
   * @returns the groups of the pattern, for each match
   */
  async said(pattern: RegExp, times = 1): Promise<string[][]> {
    const found = (): string[][] => [...this.errors.matchAll(pattern)].map(([, ...groups]) => groups);
    await eventually(() => found().length >= times, `${times} times ${pattern} in: ${this.errors}`);
    return found();
  }
}

/** `sleigh run`. */
export class RunProcess extends CommandProcess {
  constructor(cwd: string, args: readonly string[], options: RunOptions = {}) {
    super(cwd, ['run', ...args], options);
  }
}

/** A folder for modules and inputs, which is deleted when it is disposed of. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sleigh-run-'));

  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  get files(): string[] {
    return readdirSync(this.path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** A process that has ended and was not reaped yet counts as ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Child processes of this one.
 * @param program text in their command line
 */
export function childrenOf(parent: number, program = ''): number[] {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return listed
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, ...args]) => Number(ppid) === parent && args.join(' ').includes(program))
    .map(([pid]) => Number(pid));
}
