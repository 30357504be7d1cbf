import { PassThrough } from 'node:stream';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { WorkerChild } from '../../src/client/sentinel/worker-child.ts';
import type { MessageFromWorker } from '../../src/client/worker/worker-messages.ts';

/** A worker process in the hands of the test. */
export class Puppet implements WorkerChild {
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly sent: unknown[] = [];
  kills = 0;
  exit: (how: string) => void = () => undefined;
  say: (message: MessageFromWorker) => void = () => undefined;
  readonly ended = new Promise<string>((resolve) => (this.exit = resolve));

  send = (message: unknown): void => void this.sent.push(message);
  usage = () => Promise.resolve({ processorMs: 1, memory: 2 });
  onMessage = (listener: (message: MessageFromWorker) => void): void => void (this.say = listener);
  kill = (): void => void this.kills++;

  /** Its streams end with it. */
  async end(how: string): Promise<void> {
    this.stdout.end();
    this.stderr.end();
    this.exit(how);
    for (let n = 0; n < 3; n++) await endOfTurn();
  }
}
