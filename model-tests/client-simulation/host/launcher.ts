import type { Launched, Launcher, LaunchOrder } from '../../../src/client/launchers/launcher.ts';
import { LaunchError } from '../../../src/client/launchers/launcher.ts';
import { Sentinel } from '../../../src/client/sentinel/sentinel.ts';
import type { SimulatedHost } from './host.ts';
import { Mail } from './mail.ts';
import type { SimulatedProcess } from './process.ts';

const NOTHING = (): void => undefined;

/** The maximum milliseconds until a sentinel begins. */
const START_MS = 200;

/** Workers that a simulated sentinel has started. */
export interface SimulatedLaunch extends Launched {
  readonly process: SimulatedProcess;
  /** It was told to stop, or to drain. */
  readonly isStopping: boolean;
  /** As SIGTERM does for `sleigh worker`. */
  drain(milliseconds: number): void;
}

/**
 * Starts a sentinel in a process of its own, as `processes()` does.
 * @param master the process that starts it, and whose end ends it
 */
export const simulatedLauncher = (
  host: SimulatedHost,
  master: SimulatedProcess,
  onLaunch: (launch: SimulatedLaunch) => void,
): Launcher => ({
  start: async (order) => {
    const sentinel = new SentinelProcess(host, master, host.sabotage.order?.(order) ?? order);
    onLaunch(sentinel);
    await sentinel.started;
    return sentinel;
  },
});

class SentinelProcess implements SimulatedLaunch {
  readonly process: SimulatedProcess;
  readonly gone: Promise<string>;
  /** @throws LaunchError */
  readonly started: Promise<void>;
  isStopping = false;
  readonly #host: SimulatedHost;
  readonly #master: SimulatedProcess;
  readonly #up: Mail;
  readonly #down: Mail;
  #sentinel: Sentinel | undefined;
  #isStarting = true;
  #isLeaving = false;
  #reason: string | undefined;

  constructor(host: SimulatedHost, master: SimulatedProcess, order: LaunchOrder) {
    this.#host = host;
    this.#master = master;
    this.#up = new Mail(host.world);
    this.#down = new Mail(host.world);
    this.process = host.start('sentinel');
    this.gone = new Promise((resolve) => {
      this.process.onEnd((how) =>
        this.#up.post(() => master.hear(() => resolve(this.#reason ?? `their sentinel has ended: ${how}`))),
      );
    });
    let settleStart: (failed?: LaunchError) => void = NOTHING;
    this.started = new Promise((resolve, reject) => {
      settleStart = (failed) => (failed === undefined ? resolve() : reject(failed));
    });
    this.started.catch(() => undefined);
    void this.gone.then((how) => settleStart(new LaunchError(how)));
    master.onEnd(() => this.#down.post(() => this.process.hear(() => this.#leave())));
    this.process.block(host.world.random.fraction() * START_MS);
    this.process.hear(() => void this.#start(order, settleStart));
  }

  async #start(order: LaunchOrder, settleStart: (failed?: LaunchError) => void): Promise<void> {
    const { onDeath, onOutput } = order;
    try {
      this.#sentinel = await Sentinel.start({
        ...order,
        kind: 'process',
        platform: this.#host.platformOf(this.process),
        onDeath: (rank, how) => this.#notifyMaster(() => onDeath(rank, how)),
        onOutput: (text) => {
          this.#notifyMaster(() => onOutput(text));
          return Promise.resolve();
        },
      });
    } catch (error) {
      this.#isStarting = false;
      this.#notifyMaster(() => settleStart(new LaunchError(String(error))));
      return this.#end();
    }
    this.#isStarting = false;
    if (this.#isLeaving) return this.#leave();
    this.#notifyMaster(settleStart);
    await this.#finish(this.#sentinel);
  }

  #leave(): void {
    this.#isLeaving = true;
    if (this.#isStarting || this.#sentinel === undefined) return;
    void this.#sentinel.end();
    void this.#finish(this.#sentinel);
  }

  async #finish({ gone }: Sentinel): Promise<void> {
    const reason = await gone;
    this.#notifyMaster(() => (this.#reason = reason));
    this.#end();
  }

  #end(): void {
    this.process.act(() => this.#host.end(this.process, 'exit status 0'));
  }

  /** The master is notified. */
  #notifyMaster(act: () => void): void {
    this.process.act(() => this.#up.post(() => this.#master.hear(act)));
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.#down.post(() => this.process.hear(() => this.#leave()));
    await this.gone;
  }

  drain(milliseconds: number): void {
    this.isStopping = true;
    this.#down.post(() => this.process.hear(() => void this.#sentinel?.drain(milliseconds)));
  }
}
