import { Readable } from 'node:stream';
import {
  ActivityWatch,
  ActivityWriter,
  newBoard,
  type Activity,
} from '../../../src/client/worker/activity.ts';
import type { WorkerChild } from '../../../src/client/sentinel/worker-child.ts';
import { LOOK_MS } from '../../../src/client/worker/worker-link.ts';
import type { MessageFromWorker, MessageToWorker } from '../../../src/client/worker/worker-messages.ts';
import { WorkerMain } from '../../../src/client/worker/worker-main.ts';
import { unsafeCast } from '../../../src/client/unsafe-cast.ts';
import type { SimulatedHost } from './host.ts';
import { Mail } from './mail.ts';
import type { SimulatedProcess } from './process.ts';

/** The possible faults of a worker process, in addition to those of its tasks. Each is drawn once for each process. */
export interface WorkerFaults {
  /** How it ends before it has begun; undefined if it begins. */
  diesAtStart(): string | undefined;
  /** It does not end when it is told to. */
  staysAtExit(): boolean;
  /** Milliseconds until it runs. */
  startTime(): number;
}

/** The maximum milliseconds from a signal that cannot be ignored to the end of a process. */
const KILL_MS = 5;
/** The maximum milliseconds until a watchdog notices that the sentinel has ended. */
const WATCHDOG_MS = 60;

/** A simulated worker process: it runs the real session, and the real watchdog beside it. */
export function startSimulatedWorker(
  host: SimulatedHost,
  parent: SimulatedProcess,
  rank: number,
): WorkerChild {
  return new SimulatedWorker(host, parent, rank).child;
}

/** The output of a process, as its parent reads it. */
function output(): Readable {
  return new Readable({ read: () => undefined });
}

class SimulatedWorker {
  readonly child: WorkerChild;
  readonly #host: SimulatedHost;
  readonly #parent: SimulatedProcess;
  readonly #process: SimulatedProcess;
  readonly #up: Mail;
  readonly #down: Mail;
  readonly #stdout = output();
  readonly #stderr = output();
  readonly #board = newBoard();
  readonly #watch: ActivityWatch;
  #hear: (message: MessageToWorker) => void = () => undefined;
  #heard: (message: MessageFromWorker) => void = () => undefined;
  /** Whether a call is running, or one has ended that was not reported yet. */
  #isInCall = false;
  #isTold = false;
  #isLooking = false;

  constructor(host: SimulatedHost, parent: SimulatedProcess, rank: number) {
    this.#host = host;
    this.#parent = parent;
    this.#up = new Mail(host.world);
    this.#down = new Mail(host.world);
    const process = host.start(`worker ${rank}`);
    this.#process = process;
    this.#watch = new ActivityWatch(this.#board, (message) => this.#seen(message));
    process.print = (stream, text) => this.#print(stream, text);
    host.options.listener.say(process.name, 'is started');
    host.options.listener.started(process, parent, rank);
    if (host.sabotage.hasNoWatchdog !== true) parent.onEnd(() => this.#orphaned());
    this.child = {
      ended: new Promise((resolve) => {
        process.onEnd((how) => this.#tell(() => this.#lastWord(how, resolve)));
      }),
      stdout: this.#stdout,
      stderr: this.#stderr,
      send: (message) => this.#send(message),
      onMessage: (listener) => (this.#heard = listener),
      usage: () => Promise.resolve(undefined),
      kill: () => parent.act(() => this.#kill()),
    };
    this.#start();
  }

  /** Messages that arrive meanwhile wait. */
  #start(): void {
    const { faults } = this.#host.options;
    this.#process.block(faults.startTime());
    const died = faults.diesAtStart();
    this.#process.hear(() => {
      if (died === undefined) return this.#begin();
      this.#process.print('stderr', 'it cannot be started\n');
      this.#host.end(this.#process, died);
    });
  }

  #begin(): void {
    const process = this.#process;
    const session = new WorkerMain(
      {
        send: (message) => process.act(() => this.#say(message)),
        onMessage: (listener) => (this.#hear = listener),
        activity: () => this.#activity(),
      },
      {
        platform: this.#host.platformOf(process),
        memory: () => process.memory,
        print: () => undefined,
        complain: (text) => {
          // It learns when it comes back that its result was received (S18).
          if (text.includes('no current task'))
            this.#host.world.wrongs.push(`${process.name} sends a result again`);
          process.print('stderr', text);
        },
        exit: (status) => process.act(() => this.#exit(status)),
      },
    );
    process.terminate = () => session.leave();
  }

  /** Its actions happen in its own time; the real memory that it shares with its watchdog knows no other. */
  #activity(): Activity {
    const writer = new ActivityWriter(this.#board);
    return {
      begin: (details) =>
        this.#process.act(() => {
          writer.begin(details);
          this.#isInCall = true;
          this.#look();
        }),
      end: () =>
        this.#process.act(() => {
          writer.end();
          this.#isInCall = false;
        }),
    };
  }

  /** Runs beside the worker, whatever the worker does. */
  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#host.world.agenda.after(LOOK_MS, () => {
      this.#isLooking = false;
      if (this.#process.isDead) return;
      this.#watch.look();
      if (this.#isInCall || this.#isTold) this.#look();
    });
  }

  /** By the watchdog. */
  #seen(message: MessageFromWorker): void {
    if (message.type === 'call') this.#isTold = true;
    if (message.type === 'idle') this.#isTold = false;
    if (message.type === 'condemned') this.#process.freeze();
    this.#say(message);
  }

  #say(message: MessageFromWorker): void {
    const { listener } = this.#host.options;
    listener.say(this.#process.name, `tells its sentinel: ${JSON.stringify(message)}`);
    listener.said(this.#process, message);
    this.#tell(() => this.#heard(unsafeCast<MessageFromWorker>(JSON.parse(JSON.stringify(message)))));
  }

  /** The sentinel is notified. */
  #tell(act: () => void): void {
    this.#up.post(() => this.#parent.hear(act));
  }

  #send(message: MessageToWorker): void {
    const copy = unsafeCast<MessageToWorker>(JSON.parse(JSON.stringify(message)));
    this.#parent.act(() =>
      this.#down.post(() => {
        const process = this.#process;
        if (process.isDead) return;
        // By the watchdog.
        if (copy.type === 'condemn') return this.#watch.condemn(copy.call);
        if (copy.type === 'cancelled') this.#watch.cancelled(copy.batches);
        process.hear(() => this.#hear(copy));
      }),
    );
  }

  #print(stream: 'stdout' | 'stderr', text: string): void {
    this.#process.act(() => {
      const readable = stream === 'stdout' ? this.#stdout : this.#stderr;
      this.#tell(() => readable.push(text));
    });
  }

  #lastWord(how: string, tell: (how: string) => void): void {
    this.#stdout.push(null);
    this.#stderr.push(null);
    tell(how);
  }

  #exit(status: number): void {
    if (this.#host.options.faults.staysAtExit()) {
      this.#host.options.listener.say(this.#process.name, 'does not come to its end');
      return this.#process.freeze();
    }
    this.#host.end(this.#process, `exit status ${status}`);
  }

  #kill(): void {
    this.#host.options.listener.killed(this.#process);
    const { agenda, random } = this.#host.world;
    agenda.after(random.fraction() * KILL_MS, () => this.#host.end(this.#process, 'signal SIGKILL'));
  }

  #orphaned(): void {
    const { agenda, random } = this.#host.world;
    agenda.after(random.fraction() * WATCHDOG_MS, () => this.#host.end(this.#process, 'signal SIGKILL'));
  }
}
