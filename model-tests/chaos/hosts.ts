import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Proxy } from './proxy.ts';

const PROCESS = fileURLToPath(new URL('crew-process.mjs', import.meta.url));

/** A message of a process. */
interface Told {
  readonly at: number;
  readonly rank?: number;
  readonly started?: number;
}

/** One worker: a process, and the proxy of its connection. */
export interface Hand {
  readonly host: Host;
  readonly process: ChildProcess;
  readonly proxy: Proxy;
  /** The task that it began last. */
  task: number | undefined;
  /** It is being killed, or has ended. */
  gone: boolean;
}

export interface Events {
  /** @param at milliseconds, as `performance.timeOrigin + performance.now()` returns them in any process */
  started(hand: Hand, task: number, at: number): void;
}

/** A sentinel with its workers, each a separate process. */
export class Host {
  readonly hands: Hand[] = [];
  readonly sentinel: ChildProcess;
  gone = false;
  readonly #at: { port: number; workspace: string };
  readonly #events: Events;

  constructor(at: { port: number; workspace: string }, workers: number, events: Events) {
    this.#at = at;
    this.#events = events;
    this.sentinel = this.#start('sentinel', at.port, workers, (told) => {
      if (told.rank !== undefined) void this.#employ(told.rank);
    });
    this.sentinel.once('exit', () => (this.gone = true));
  }

  #start(role: string, port: number, number: number, hear: (told: Told) => void): ChildProcess {
    const process = fork(PROCESS, [role, String(port), this.#at.workspace, String(number)], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    process.on('message', hear);
    return process;
  }

  async #employ(rank: number): Promise<void> {
    const proxy = await Proxy.to(this.#at.port);
    const process = this.#start('worker', proxy.port, rank, ({ started, at }) => {
      if (started === undefined) return;
      hand.task = started;
      this.#events.started(hand, started, at);
    });
    const hand: Hand = { host: this, process, proxy, task: undefined, gone: false };
    process.once('exit', () => {
      hand.gone = true;
      proxy.close();
    });
    this.hands.push(hand);
  }

  end(): void {
    for (const { process } of this.hands) process.kill('SIGKILL');
    this.sentinel.kill('SIGKILL');
  }
}
