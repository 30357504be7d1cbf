// Where scenarios run: programs beside each other, each a process of its own, that end with their scenario.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { memory, processorTime } from './measure.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Bytes of the average message of a task or a pair: what is asked, what is answered. */
const ASKED = 140;
const ANSWERED = 76;

/** Makes the load generator. Needs a C compiler. @returns its path */
export async function buildLoad(folder) {
  const program = join(folder, 'load');
  await promisify(execFile)('cc', ['-O2', '-o', program, here('load.c'), '-lm']);
  return program;
}

/** As docs/operations.md has it: values of megabytes come and go without a full collection every few of them. */
const HEAP = '--initial-old-space-size=64';

/** A program that says where it listens. */
class Server {
  static async start(...args) {
    // Several run at once: none may want the port of a web page that another one has.
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
  /** The address of its web page, which it says next. */
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
   * Has it do what one line says (see load.c).
   * @returns what it answers, with the processor time that it cost the server (`cpu`), by the piece, too (`each`), in
   * microseconds
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

  constructor({ load, server, rounds, smoke }) {
    this.#program = load;
    this.#serverPath = server;
    this.#rounds = rounds;
    this.#smoke = smoke;
  }

  /** The folder of the build that is measured. */
  get build() {
    return join(this.#serverPath, '../..');
  }
  get isSmoke() {
    return this.#smoke;
  }

  /** The size of a workload; a smoke needs no more than that it runs. */
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
   * One that never sleeps, for processor time: whoever wakes another process pays for it, and on the same two cores the
   * server would pay for turns of the generator that clients on other machines do not take.
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

  /** A bare echo server with one connection or more, and its load. */
  async echo(connections) {
    const load = this.load(await this.program('echo-server.mjs', ANSWERED, ASKED));
    await load.does('bare', connections);
    return load;
  }

  /** Messages of the common size, for so many seconds. */
  echoes(load, seconds) {
    return load.does('echo', seconds, ASKED, ANSWERED);
  }

  /** What a message costs a bare echo server just now, in microseconds. */
  async echoMessage() {
    if (this.#echo === undefined) {
      this.#echo = await this.echo(50);
      await this.#echo.does('awake', 1);
    }
    return (await this.echoes(this.#echo, this.size(1, 0.05))).each;
  }
  /** The times of `count` times four round trips in turn. */
  fourTrips(load, count) {
    return load.does('trips', count, 4, ASKED, ANSWERED);
  }

  /**
   * Measures again and again; the first time warms up.
   * @param round gives an array of figures
   * @returns those figures, each with all its values
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

  /** Ends these programs now, rather than with the scenario. */
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
