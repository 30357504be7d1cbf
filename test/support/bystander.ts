import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('bystander-process.mjs', import.meta.url));

/** A correct client next to misbehaving ones: it stores and fetches continuously, and measures the time. */
export class Bystander {
  readonly #process: ChildProcess;
  readonly #watching: NodeJS.Timeout;
  #hasFailed = false;
  /** The maximum memory of the server process in MiB. */
  memory = 0;

  private constructor(process: ChildProcess, pid: number) {
    this.#process = process;
    process.once('exit', (code) => (this.#hasFailed = code !== 0));
    this.#watching = setInterval(() => (this.memory = Math.max(this.memory, memoryOf(pid))), 20);
  }

  static async at({ port, pid }: { port: number; pid: number }): Promise<Bystander> {
    const process = fork(PROCESS, [String(port)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(process, 'message');
    return new Bystander(process, pid);
  }

  /**
   * @returns milliseconds for a store and a fetch
   * @throws if it was not served
   */
  async end(): Promise<{ p99: number; most: number; count: number }> {
    clearInterval(this.#watching);
    if (this.#hasFailed) throw new Error('an honest client was not served');
    this.#process.send('end');
    const [times]: unknown[] = await Promise.race([
      once(this.#process, 'message'),
      once(this.#process, 'exit').then(() => []),
    ]);
    if (!Array.isArray(times)) throw new Error('an honest client was not served');
    const sorted = times.map(Number).toSorted((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    return { p99, most: sorted.at(-1) ?? 0, count: sorted.length };
  }
}

/** MiB of memory that a process uses; 0 when it has ended. */
export function memoryOf(pid: number): number {
  try {
    const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return Number(kibibytes ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
