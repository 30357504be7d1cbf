import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';

export interface Started {
  readonly command: readonly string[];
  readonly folder: string;
  /** The name of its log in the folder. */
  readonly log: string;
}

/** A process whose output goes to a file. */
export class LoggedProcess {
  readonly #child: ChildProcess;

  constructor({ command: [program = '', ...args], folder, log }: Started) {
    const file = openSync(`${folder}/${log}`, 'a');
    this.#child = spawn(program, args, { cwd: folder, stdio: ['ignore', file, file] });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** A command that runs another one as a user. @param user undefined for the user of this process */
export const asUser = ({ uid, gid }: { readonly uid?: number; readonly gid?: number }): readonly string[] =>
  uid === undefined || gid === undefined
    ? []
    : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
