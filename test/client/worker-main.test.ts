import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NwsConnection, type Found } from '../../src/client/connection/connection.ts';
import { thisHost, type Platform } from '../../src/client/platform.ts';
import { ModuleError, type Exports } from '../../src/client/task/module-function.ts';
import { MODULE } from '../../src/client/errors/job.ts';
import { WorkerMain } from '../../src/client/worker/worker-main.ts';
import type {
  MessageFromWorker,
  MessageToWorker,
  WorkerOrder,
} from '../../src/client/worker/worker-messages.ts';
import { createServer, type Server } from '../../src/index.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';

// The program of a worker with a server, but without a process: its end, its memory and its clock are the test's.

let server: Server;
let master: NwsConnection;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error' });
  master = await NwsConnection.open({ host: server.host, port: server.port });
  const metadata = new Map(Object.entries({ wstype: 'sleigh', onDeadWorker: 'requeue', maxAttempts: '9' }));
  await master.openWorkspace('s', { metadata });
});
afterEach(() => server.close());

class Program {
  readonly clock = new ManualClock();
  readonly said: MessageFromWorker[] = [];
  readonly exits: number[] = [];
  readonly complaints: string[] = [];
  readonly connections: NwsConnection[] = [];
  readonly main: WorkerMain;
  hear: (message: MessageToWorker) => void = () => undefined;

  constructor(functions: Exports = {}) {
    const platform: Platform = {
      ...thisHost,
      clock: this.clock,
      hostname: 'ada',
      pid: 77,
      endOfTurn: () => Promise.resolve(),
      connect: async (options) => {
        const connection = await NwsConnection.open(options);
        this.connections.push(connection);
        return connection;
      },
      loadModule: (path) =>
        path === '/t.mjs'
          ? Promise.resolve(functions)
          : Promise.reject(new ModuleError(MODULE.missing(path))),
    };
    const link = {
      send: (message: MessageFromWorker) => void this.said.push(message),
      onMessage: (listener: (message: MessageToWorker) => void) => (this.hear = listener),
      activity: () => ({ begin: () => undefined, end: () => undefined }),
    };
    this.main = new WorkerMain(link, {
      memory: () => 0,
      print: () => undefined,
      complain: (text) => void this.complaints.push(text),
      exit: (status) => void this.exits.push(status),
      platform,
    });
  }

  /** Gives it a rank, as a sentinel does. */
  async start(more: Partial<WorkerOrder> = {}): Promise<number> {
    const rank = Number((await master.fetch('s', VARIABLE.workerIds)).value);
    const address = { host: server.host, port: server.port };
    this.hear({ type: 'order', server: address, workspace: 's', rank, cancelled: {}, ...more });
    return rank;
  }

  /** A program that ends has closed its connections. @returns how it has left, and its exit status */
  async end(): Promise<unknown[]> {
    await eventually(() => this.exits.length > 0, 'it ends');
    expect(this.connections.every(({ isLost }) => isLost)).toBe(true);
    const leaving = this.said.findLast(({ type }) => type === 'leaving');
    return [leaving && 'why' in leaving ? [leaving.why, leaving.words] : undefined, this.exits];
  }
}

const store = (value: unknown, metadata: Readonly<Record<string, string>> = {}): Promise<unknown> =>
  master.store(
    's',
    VARIABLE.task,
    value,
    new Map(Object.entries({ [KEY.module]: '/t.mjs', [KEY.function]: 'f', ...metadata })),
  );
const result = (): Promise<Found> => master.fetch('s', VARIABLE.result);

describe('a worker program', () => {
  it('registers with its host, says that it is ready, does tasks, and leaves when it is told to', async () => {
    const program = new Program({ f: (n: number) => n + 1 });
    await program.start();
    await store(4);
    const { value, metadata } = await result();
    expect([value, metadata.get(KEY.host), program.said]).toEqual([5, 'ada', [{ type: 'ready' }]]);
    const registration = await master.find('s', 'worker registrations');
    expect([registration.metadata.get(KEY.host), registration.metadata.get(KEY.pid)]).toEqual(['ada', '77']);
    program.hear({ type: 'leave' });
    expect(await program.end()).toEqual([['told-to-go', ''], [0]]);
    expect(program.complaints).toEqual([]);
  });

  it('ends at once when its job has ended', async () => {
    const program = new Program();
    await program.start();
    program.hear({ type: 'release' });
    expect(program.exits).toEqual([0]);
  });

  it('whose module cannot be loaded later returns its task, and leaves with the reason', async () => {
    const program = new Program();
    await program.start();
    await store(1, { [KEY.module]: '/none.mjs' });
    expect(await program.end()).toEqual([['not-loaded', expect.stringContaining('/none.mjs')], [0]]);
  });

  it('fails the running call with an error that nobody has caught, or complains of it', async () => {
    const program = new Program({ f: () => new Promise(() => undefined) });
    const rank = await program.start();
    program.main.rejected(new Error('of nobody'));
    expect(program.complaints).toEqual([`sleigh: worker ${rank}: of nobody\n`]);
    for (const end of ['rejected', 'crashed'] as const) {
      await store(end);
      let text: unknown;
      const failed = result().then(({ value }) => (text = value));
      await eventually(() => {
        program.main[end](new RangeError(end));
        return text !== undefined;
      }, 'the call has failed');
      await failed;
      expect(text).toMatchObject({ code: 'threw', message: `RangeError: ${end}` });
    }
    expect(await program.end()).toEqual([['threw', 'crashed'], [0]]);
  });

  it('with several ranks says what each does, and ends with the last one', async () => {
    const ends: (() => void)[] = [];
    const program = new Program({ f: () => new Promise<void>((resolve) => ends.push(resolve)) });
    const ranks = [await program.start({ concurrency: 2 }), await program.start({ concurrency: 2 })];
    await store('a');
    await store('b');
    await eventually(() => ends.length === 2, 'both are called at the same time');
    program.hear({ type: 'leave' });
    ends[0]?.();
    await result();
    await eventually(() => program.said.some(({ type }) => type === 'leaving'), 'one leaves');
    expect(program.exits).toEqual([]);
    ends[1]?.();
    expect(await program.end()).toEqual([['told-to-go', ''], [0]]);
    const about = (kind: string): Set<unknown> =>
      new Set(program.said.flatMap((each) => (each.type === kind ? [each.rank] : [])));
    expect([about('ready'), about('leaving')]).toEqual([new Set(ranks), new Set(ranks)]);
    const companies = program.said.flatMap((each) => (each.type === 'company' ? [each.company] : []));
    expect(companies.filter((each) => each === 'together')).toHaveLength(2);
  });

  it('with several calls and an error of none of them ends, so that each is called again alone', async () => {
    let begun = 0;
    const program = new Program({
      f: () => {
        begun++;
        return new Promise(() => undefined);
      },
    });
    for (let n = 0; n < 2; n++) await program.start({ concurrency: 2 });
    await store('a');
    await store('b');
    await eventually(() => begun === 2, 'both are called');
    program.main.rejected(new Error('of nobody'));
    expect([program.exits, program.complaints.length]).toEqual([[1], 1]);
  });
});
