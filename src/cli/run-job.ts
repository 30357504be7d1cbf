import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { NwsConnection } from '../client/connection.ts';
import { NwsError } from '../client/errors.ts';
import { Launcher } from '../client/launcher.ts';
import { createServer } from '../index.ts';
import type { Address } from './address.ts';
import { TaskWindow } from './task-window.ts';

export interface JobOptions {
  /** Undefined: a server of its own, for this job alone. */
  readonly server: Address | undefined;
  /** The path of the module whose default export the workers call. */
  readonly module: string;
  readonly workers: number;
  readonly window: number;
  readonly isOrdered: boolean;
  /** Ends the job before its time. */
  readonly stop: AbortController;
  readonly onDeath: (rank: number, how: string) => void;
}

/** How often a line is tried whose worker dies. */
const MAX_ATTEMPTS = 3;

/** The job has ended, and the input has not. */
export class JobOverError extends Error {
  override readonly name = 'JobOverError';

  constructor(why: string, { linesOut }: TaskWindow) {
    const more = linesOut.length > MOST_NAMED ? ', …' : '';
    super(`${why}; lines not done: ${linesOut.slice(0, MOST_NAMED).join(', ')}${more}`);
  }
}

/** Lines that are named where it may be one of them that ended the workers. */
const MOST_NAMED = 10;

/**
 * Makes a job with a server, if need be, a workspace, a sentinel and workers, and leaves nothing of it behind, however
 * it ends.
 * @param use what the master does with it
 * @throws what `use` throws; JobOverError, NwsError, ConnectionLostError
 */
export async function runJob(options: JobOptions, use: (tasks: TaskWindow) => Promise<void>): Promise<void> {
  if (options.server !== undefined) return runOn(options.server, options, use);
  const server = await createServer({ host: '127.0.0.1', port: 0, logLevel: 'silent' });
  try {
    await runOn(server, options, use);
  } finally {
    await server.close();
  }
}

async function runOn(
  { host, port }: Address,
  { module, workers, window, isOrdered, stop, onDeath }: JobOptions,
  use: (tasks: TaskWindow) => Promise<void>,
): Promise<void> {
  // The workspace goes with the connection that owns it (W6), so it needs a name that nobody else has.
  const workspace = `sleigh run ${hostname()} ${process.pid} ${randomBytes(4).toString('hex')}`;
  const { signal } = stop;
  const opened: NwsConnection[] = [];
  const open = async (): Promise<NwsConnection> => {
    const connection = await NwsConnection.open({ host, port, signal });
    opened.push(connection);
    return connection;
  };
  try {
    const storing = await open();
    const metadata = new Map([
      ['wstype', 'sleigh'],
      ['onDeadWorker', 'requeue'],
      ['maxAttempts', String(MAX_ATTEMPTS)],
    ]);
    await storing.openWorkspace(workspace, { label: 'sleigh run', metadata });
    const fetching = await open();
    await fetching.useWorkspace(workspace, { create: false });
    await storing.store(workspace, 'workerCount', String(workers));
    const tasks = new TaskWindow({
      storing,
      fetching,
      workspace,
      window,
      isOrdered,
      maxAttempts: MAX_ATTEMPTS,
    });
    let left = workers;
    let isOver = false;
    const lose = (rank: number, how: string): void => {
      onDeath(rank, how);
      if (--left === 0 && !isOver) stop.abort(new JobOverError('every worker has ended', tasks));
    };
    const launcher = await Launcher.start({ host, port, workspace, workers, module, onDeath: lose });
    try {
      await use(tasks);
      isOver = true;
      await storing.store(workspace, 'Sleigh ride over', '1');
    } catch (error) {
      isOver = true;
      if (!(error instanceof NwsError) || error.code !== 'sleigh-dead') throw error;
      throw new JobOverError('no worker is left, or someone has ended the job', tasks);
    } finally {
      await launcher.end();
    }
  } finally {
    for (const connection of opened) connection.close();
  }
}
