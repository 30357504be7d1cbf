import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** How to start one sentinel elsewhere: a program that stands for it here. */
export interface RemoteLaunchCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The line to give it on standard input, which then stays open for as long as its workers are wanted.
   * @param said what it says on standard error, line by line; what is waited for is not passed on
   */
  readonly order: (said: (pattern: RegExp) => Promise<RegExpMatchArray>) => Promise<string>;
}

/** Milliseconds that the last words of a program may take. */
const LAST_OUTPUT_LIMIT_MS = 200;

/** A program that was started, and with it, somewhere, a sentinel and its workers. */
export class RemoteLaunch {
  /** Told how it ended; its workers may still be there when that was with status 0. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcessWithoutNullStreams;

  /** @throws Error when there is no such program */
  static async start(command: RemoteLaunchCommand, pass: (text: string) => void): Promise<RemoteLaunch> {
    const station = new RemoteLaunch(command, pass);
    await once(station.#child, 'spawn');
    return station;
  }

  private constructor({ program, args, env, order }: RemoteLaunchCommand, pass: (text: string) => void) {
    // In a session of its own: the Ctrl-C of a terminal is for the master, who ends this one in its own way.
    this.#child = spawn(program, [...args], {
      env: { ...process.env, ...env },
      detached: true,
    });
    const { stdin, stdout, stderr } = this.#child;
    // One that does not read, or has ended, does not mind.
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
    // Its last words come first; but what it has started may hold its output for as long as it likes.
    await Promise.race([closed, sleep(LAST_OUTPUT_LIMIT_MS)]);
    return code === null ? `signal ${String(signal)}` : `exit status ${String(code)}`;
  }

  /** Says that its workers are not wanted any more. */
  release(): void {
    this.#child.stdin.end();
  }

  /** Ends it here, with all that it has started here, and did not set apart. */
  kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has gone just now.
    }
  }
}
