/** A worker, as a process or a thread that a sentinel has started: HOST PORT WORKSPACE RANK, for people who look. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerAddress } from './server-address.ts';
import { claimed } from './claimed.ts';
import { NwsConnection } from './connection.ts';
import { ConnectionLostError } from './errors.ts';
import { loadModule, ModuleError } from './module-function.ts';
import { parentOf } from './parent.ts';
import { TaskRunner } from './task-runner.ts';
import { work } from './worker.ts';

/** What it is to do: its first message. */
export interface WorkerOrder {
  readonly server: ServerAddress;
  readonly workspace: string;
  readonly rank: number;
  readonly preload?: string | undefined;
}

/** A batch that is cancelled: every later message to it. */
interface Cancellation {
  readonly batch: string;
}

/** What it tells its sentinel: how long its call may block it, or that none does. */
export interface WorkerMessage {
  readonly milliseconds: number | null;
}

/** Milliseconds after which a worker would have heard from its sentinel that the job is over. */
const HEARING = 1_000;

let rank = 0;
let runner: TaskRunner | undefined;

const parent = parentOf(() => process.exit());
parent.onMessage((message) => {
  if (runner === undefined) void start(claimed<WorkerOrder>(message));
  else runner.cancel(claimed<Cancellation>(message).batch);
});

async function start(order: WorkerOrder): Promise<void> {
  const { server, workspace, preload } = order;
  rank = order.rank;
  runner = new TaskRunner({ ...order, onDeadline });
  // Of the modules that are loaded from here on: those of the user.
  process.setSourceMapsEnabled(true);
  try {
    if (preload !== undefined) await loadModule(preload);
    const description = new Map([
      ['host', hostname()],
      ['pid', String(process.pid)],
    ]);
    const open = (): Promise<NwsConnection> => NwsConnection.open(server);
    const call = runner.caller.bind(runner);
    await work({ open, workspace, rank, description, call, onRefusal });
    process.exit();
  } catch (error) {
    // A job that is over is nothing to complain of: then the sentinel ends this worker first.
    if (!(error instanceof ModuleError)) await sleep(HEARING);
    complain(error);
    process.exit(1);
  }
}

function onDeadline(milliseconds: number | null): void {
  const message: WorkerMessage = { milliseconds };
  parent.send(message);
}

/** Of a result. Where the connection is lost, the next task says so. */
function onRefusal(error: unknown): void {
  if (!(error instanceof ConnectionLostError)) complain(error);
}

function complain(error: unknown): void {
  process.stderr.write(`sleigh: worker ${rank}: ${error instanceof Error ? error.message : String(error)}\n`);
}
