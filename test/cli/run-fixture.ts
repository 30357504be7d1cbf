import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { Folder, RunProcess, type RunOptions } from '../support/run-process.ts';

/** Runs `sleigh run` in a new folder for each test of a file. */
export interface RunFixture {
  readonly folder: Folder;
  /** The port of a server for runs that do not need a private one. */
  readonly port: number;
  /** The flags for that server. */
  readonly onServer: readonly string[];
  /** @param source of `module.mjs` */
  start(source: string, args?: readonly string[], options?: RunOptions): RunProcess;
  /** Runs it to its end, on the server and with one worker unless flags are given. */
  run(source: string, input: string | Buffer, ...args: string[]): Promise<RunProcess>;
}

/** To be called at the top of a file: it registers hooks. */
export function runFixture(): RunFixture {
  let server: Server;
  let folder: Folder;
  beforeAll(async () => {
    server = await createServer({ port: 0, logLevel: 'silent' });
  });
  afterAll(() => server.close());
  beforeEach(() => (folder = new Folder()));
  afterEach(() => folder[Symbol.dispose]());

  return {
    get folder() {
      return folder;
    },
    get port() {
      return server.port;
    },
    get onServer() {
      return ['--server', `127.0.0.1:${server.port}`];
    },
    start(source, args = [], options = {}) {
      folder.write('module.mjs', source);
      return new RunProcess(folder.path, ['module.mjs', ...args], options);
    },
    async run(source, input, ...args) {
      const usual = [
        ...(args.includes('--workers') ? [] : ['--workers', '1']),
        ...(args.includes('--server') ? [] : this.onServer),
      ];
      const process = this.start(source, [...usual, ...args], { input });
      await process.status();
      return process;
    },
  };
}

/** Prints its process id when it starts in a worker, which has a server address among its arguments. */
export const INTRODUCES_ITSELF = `
  const [, , host, port] = process.argv;
  if (process.argv[1].endsWith('worker-program.js')) console.error('worker', process.pid, 'of', port);
`;

export const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1));
export const asInput = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
