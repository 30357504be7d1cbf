// Where scenarios run: a bed starts programs, each as a process, and stops them when the scenario ends.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { memory, processorTime } from './measure.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Bytes of an average message of a task or a store and fetch: request and reply. */
const ASKED = 140;
const ANSWERED = 76;

/**
 * Builds the load generator. Needs a C compiler.
 * @returns its path
 */
export async function buildLoad(folder) {
  const program = join(folder, 'load');
  await promisify(execFile)('cc', ['-O2', '-o', program, here('load.c'), '-lm']);
  return program;
}

/** As docs/operations.md recommends: values of megabytes are freed without frequent full collections. */
const HEAP = '--initial-old-space-size=64';

/** A million tasks of one client take more memory than one client may use by default (P12). */
export const ROOMY = ['memoryBytes', 'clientMemoryBytes', 'workspaceMemoryBytes'].flatMap((limit) => [
  '--limit',
  `${limit}=${2 ** 31}`,
]);

/** A program that prints where it listens. */
class Server {
  static async start(...args) {
    // Several run at the same time, so that none may use the default port of the web page.
    const env = { ...process.env, NWS_WEB_PORT: '0' };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const { value: line } = await lines.next();
    return new Server(child, line.split(':').at(-1), lines);
  }
  #lines;
  constructor(child, port, lines) {
    this.#lines = lines;
    this.child = child;
    this.pid = child.pid;
    this.port = port;
  }
  /** The address of its web page, which it prints next. */
  async page() {
    const { value: line } = await this.#lines.next();
    return line.split(' ').at(-1);
  }
  get processorTime() {
    return processorTime(this.pid);
  }
  get memory() {
    return memory(this.pid);
  }
}

/** One load generator and the server that it works on. */
class Load {
  constructor(program, server) {
    this.server = server;
    this.child = spawn(program, [server.port], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  /**
   * Sends one command line (see load.c).
   * @returns its reply, with the processor time of the server in microseconds: in total (`cpu`) and per piece (`each`)
   */
  async does(...words) {
    const before = this.server.processorTime;
    this.child.stdin.write(`${words.join(' ')}\n`);
    const { value } = await this.lines.next();
    if (value === undefined) throw new Error(`the load generator has ended: ${words.join(' ')}`);
    const answer = JSON.parse(value);
    const cpu = this.server.processorTime - before;
    return { ...answer, cpu, each: cpu / answer.count };
  }
}

export class Bed {
  #program;
  #serverPath;
  #rounds;
  #smoke;
  #children = [];
  #echo;
  /** The address of a PostgreSQL, if there is one. */
  store;

  constructor({ load, server, store, rounds, smoke }) {
    this.store = store;
    this.#program = load;
    this.#serverPath = server;
    this.#rounds = rounds;
    this.#smoke = smoke;
  }

  /** The folder of the build under test. */
  get build() {
    return join(this.#serverPath, '../..');
  }
  get isSmoke() {
    return this.#smoke;
  }

  /** The size of a workload; a smoke test uses the smallest one. */
  size(full, small) {
    return this.#smoke ? small : full;
  }

  async sleigh(...flags) {
    return this.#own(
      await Server.start(HEAP, this.#serverPath, 'serve', '--port', '0', '--log-level', 'error', ...flags),
    );
  }
  async program(file, ...args) {
    return this.#own(await Server.start(here(file), ...args.map(String)));
  }
  load(server) {
    return this.#own(new Load(this.#program, server));
  }

  /**
   * One that never sleeps, for measuring processor time: waking another process costs the server time, and on the same
   * two cores the server would pay for pauses of the generator that clients on other machines do not cause.
   */
  async awakeLoad(server) {
    const load = this.load(server);
    await load.does('awake', 1);
    return load;
  }

  #own(program) {
    this.#children.push(program.child);
    return program;
  }

  /** A bare echo server with one or more connections, and its load. */
  async echo(connections) {
    const load = this.load(await this.program('echo-server.mjs', ANSWERED, ASKED));
    await load.does('bare', connections);
    return load;
  }

  /** Messages of the common size, for a number of seconds. */
  echoes(load, seconds) {
    return load.does('echo', seconds, ASKED, ANSWERED);
  }

  /** The current cost of a message on a bare echo server, in microseconds. */
  async echoMessage() {
    if (this.#echo === undefined) {
      this.#echo = await this.echo(50);
      await this.#echo.does('awake', 1);
    }
    return (await this.echoes(this.#echo, this.size(1, 0.05))).each;
  }
  /** The times of `count` times four round trips, one after the other. */
  fourTrips(load, count) {
    return load.does('trips', count, 4, ASKED, ANSWERED);
  }

  /**
   * Measures repeatedly; the first round warms up.
   * @param round returns an array of figures
   * @returns those figures, each with the values of all rounds
   */
  async rounds(round, { warmUp = true } = {}) {
    const figures = new Map();
    if (warmUp) await round();
    for (let i = 0; i < this.#rounds; i++) {
      for (const { value, ...figure } of await round()) {
        if (!figures.has(figure.name)) figures.set(figure.name, { ...figure, values: [] });
        figures.get(figure.name).values.push(value);
      }
    }
    return [...figures.values()];
  }

  /** Stops these programs now instead of at the end of the scenario. */
  async end(...programs) {
    for (const { child } of programs) await this.#kill(child);
  }
  async close() {
    for (const child of this.#children.toReversed()) await this.#kill(child);
    this.#echo = undefined;
  }
  async #kill(child) {
    this.#children.splice(this.#children.indexOf(child), 1);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** A figure of one round. */
export const figure = (name, unit, value, bound) => ({ name, unit, value, bound });
export const atMost = (most) => ({ most });
export const atLeast = (least) => ({ least });
