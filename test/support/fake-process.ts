import type { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { ServerLine } from './server-line.ts';

/** More than any process of this host has. */
export const PID = 99_999_999;

/** A process in the hands of the test, and how it was started. */
export class FakeProcess extends EventEmitter {
  readonly pid = PID;
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly line = new ServerLine();
  readonly stdio = [null, this.stdout, this.stderr, this.line];
  exitCode: number | null = null;
  signalCode: string | null = null;
  connected = true;
  unrefs = 0;
  /** How often it was to be killed. */
  kills = 0;
  readonly sent: unknown[] = [];
  started: unknown[] = [];
  readonly channel = { unref: () => void this.unrefs++ };
  unref = (): void => void this.unrefs++;
  kill = (): boolean => ++this.kills > 0;
  send = (message: unknown): boolean => this.sent.push(message) > 0;

  /** Starts it. */
  readonly start = unsafeCast<typeof spawn>((...args: unknown[]) => {
    this.started = args;
    return this;
  });

  async end(code: number | null, signal: string | null = null): Promise<void> {
    this.exitCode = code;
    this.signalCode = signal;
    this.emit('exit', code, signal);
    for (const stream of [this.stdout, this.stderr, this.line]) stream.destroy();
    this.emit('close', code, signal);
    for (let n = 0; n < 5; n++) await endOfTurn();
  }
}
