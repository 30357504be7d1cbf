import {
  spawn,
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
} from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { unrefChild } from '../sentinel/child.ts';

/** How to start one sentinel elsewhere: a local program that represents it. */
export interface RemoteLaunchCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the program does not keep this process alive. */
  readonly unref?: boolean | undefined;
  /**
   * The line for its standard input, which then stays open while its workers are wanted.
   * @param said waits for a line of its standard error that matches; that line is not passed on
   */
  readonly order: (said: (pattern: RegExp) => Promise<RegExpMatchArray>) => Promise<string>;
}

/** Starts a program with pipes. */
type Run = (
  program: string,
  args: readonly string[],
  options: SpawnOptionsWithoutStdio,
) => ChildProcessWithoutNullStreams;

/** Milliseconds to wait for the last output of a program. */
const LAST_OUTPUT_LIMIT_MS = 200;

/** A program that was started, and with it a sentinel and its workers elsewhere. */
export class RemoteLaunch {
  /** Resolves with how it ended. If that was with status 0, its workers may still run. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcessWithoutNullStreams;

  /**
   * @param pass receives its output, in whole lines
   * @param run starts the program
   * @throws Error if there is no such program
   */
  static async start(
    command: RemoteLaunchCommand,
    pass: (text: string) => void,
    run: Run = spawn,
  ): Promise<RemoteLaunch> {
    const station = new RemoteLaunch(command, pass, run);
    await once(station.#child, 'spawn');
    if (command.unref === true) unrefChild(station.#child);
    return station;
  }

  private constructor(
    { program, args, env, order }: RemoteLaunchCommand,
    pass: (text: string) => void,
    run: Run,
  ) {
    // In a session of its own, because Ctrl-C in a terminal is for the master, which ends this program itself.
    this.#child = run(program, [...args], {
      env: { ...process.env, ...env },
      detached: true,
    });
    const { stdin, stdout, stderr } = this.#child;
    // The program may not read its standard input, or may have ended.
    stdin.on('error', () => undefined);
    this.ended = this.#end();
    this.ended.catch(() => undefined);
    const awaited: { pattern: RegExp; found: (match: RegExpMatchArray) => void }[] = [];
    createInterface(stdout).on('line', (line) => pass(`${line}\n`));
    createInterface(stderr).on('line', (line) => {
      const [first] = awaited;
      const match = first?.pattern.exec(line);
      if (first === undefined || !match) return pass(`${line}\n`);
      awaited.shift();
      first.found(match);
    });
    const said = (pattern: RegExp): Promise<RegExpMatchArray> =>
      new Promise((found) => awaited.push({ pattern, found }));
    void order(said).then((line) => stdin.write(`${line}\n`));
  }

  async #end(): Promise<string> {
    const closed = once(this.#child, 'close');
    closed.catch(() => undefined);
    const [code, signal] = await once(this.#child, 'exit');
    // Waits for its last output, but not long, because programs that it has started may keep its output open.
    await Promise.race([closed, sleep(LAST_OUTPUT_LIMIT_MS)]);
    return code === null ? `signal ${String(signal)}` : `exit status ${String(code)}`;
  }

  /** Signals that its workers are not wanted any more. */
  release(): void {
    this.#child.stdin.end();
  }

  /** Ends the local program and everything in its process group. */
  kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has ended just now.
    }
  }
}
