import { createHash } from 'node:crypto';
import type { Command, CoreEvent } from '../../src/core/commands.ts';
import { Core } from '../../src/core/core.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { lostWakeUps } from '../../test/support/lost-wakeups.ts';
import { MemoryFiles } from '../../test/support/memory-files.ts';
import { recovered, type Projection } from '../../test/support/projection.ts';
import { LastMessages } from './last-messages.ts';
import { Link, type ClientEnd } from './link.ts';
import { Sleeper } from './sleeper.ts';
import { SMALL_LIMITS, START, World } from './world.ts';

/** Says of a command, the n-th of all, that it is not to be carried out. */
export type Losing = (command: Command, n: number) => boolean;

/** The server's core alone: its commands are carried out by simulations of the network, the disk and the clock. */
export class CoreWorld extends World {
  readonly core: Core;
  /** The projection law. */
  readonly #projection: Projection;
  readonly #files = new MemoryFiles();
  readonly #links = new Map<number, Link>();
  readonly #timers = new Map<number, () => void>();
  /** The server's process. */
  readonly process = new Sleeper(this.agenda, (what) => this.wrongs.push(what));
  readonly #hash = createHash('sha256');
  readonly lastMessages = new LastMessages();
  readonly #loses: Losing;
  /** Events that the core was promised, and has not had yet. */
  readonly #promised = { flush: new Set<number>(), file: new Set<number>(), turn: false };
  #connections = 0;
  #commands = 0;

  constructor(seed: number, loses: Losing = () => false) {
    super(seed);
    this.#loses = loses;
    this.core = new Core({
      limits: SMALL_LIMITS,
      plugins: new Map([['sleigh', sleighPlugin(DEFAULT_OPTIONS)]]),
      tls: 'none',
      run: 'run7',
      isStored: true,
    });
    this.#projection = recovered([], this.core, START);
  }

  /** Of all events and commands, in their order. Ends the world: it is asked for once. */
  traceHash(): string {
    return this.#hash.digest('hex');
  }

  connect(client: ClientEnd): Link {
    const connection = ++this.#connections;
    const link = new Link(
      this.agenda,
      this.random,
      {
        received: (text) => {
          this.process.receive(() => {
            const lent = Buffer.from(text, 'latin1');
            this.#handle({ type: 'received', connection, bytes: lent });
            lent.fill('?');
          });
        },
        disconnected: () => {
          this.#links.delete(connection);
          this.lastMessages.forget(connection);
          this.process.receive(() => this.#handle({ type: 'disconnected', connection }));
        },
      },
      client,
    );
    this.#links.set(connection, link);
    const peer = `10.0.0.${connection}:4000`;
    this.process.receive(() => this.#handle({ type: 'connected', connection, peer }));
    return link;
  }

  #handle(event: CoreEvent): void {
    this.events++;
    this.#note(event);
    this.lastMessages.note(event);
    this.#keep(event);
    const gone = event.type === 'disconnected' ? event.connection : undefined;
    for (const command of this.core.handle(event, this.agenda.now)) {
      // Its blocked request was withdrawn before anything else that its end causes (V6, S13).
      if (command.type === 'send' && command.connection === gone)
        this.wrongs.push(`${gone} has gone and is sent something`);
      this.#note(command);
      if (this.#loses(command, ++this.#commands)) continue;
      this.lastMessages.note(command);
      this.#perform(command);
    }
    if (this.wrongs.length === 0) this.wrongs.push(...this.#projection.follow());
    this.audit();
  }

  #keep(event: CoreEvent): void {
    if (event.type === 'flushed') this.#promised.flush.delete(event.connection);
    if (event.type === 'fileWritten') this.#promised.file.delete(event.connection);
    if (event.type === 'continued') this.#promised.turn = false;
  }

  protected override findLostWakeUps(prods: boolean): string[] {
    const { flush, file, turn } = this.#promised;
    const underWay = { flush: (id: number) => flush.has(id), file: (id: number) => file.has(id), turn };
    return lostWakeUps(this.core, underWay, prods);
  }

  #note(what: CoreEvent | Command): void {
    this.#hash.update(`${this.agenda.now} ${what.type} ${'connection' in what ? what.connection : ''}`);
    if ('bytes' in what) this.#hash.update(what.bytes);
    if ('file' in what) this.#hash.update(JSON.stringify(what.file));
    if ('timer' in what) this.#hash.update(JSON.stringify(what));
    if (what.type === 'log') this.#hash.update(what.message);
  }

  #perform(command: Command): void {
    switch (command.type) {
      case 'send': {
        const { bytes } = command;
        const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
        return this.#links.get(command.connection)?.send(text);
      }
      case 'sendFile':
        return this.#links.get(command.connection)?.send(this.#files.read(command.file));
      case 'close':
        return this.#links.get(command.connection)?.close();
      case 'flush': {
        const { connection } = command;
        this.#promised.flush.add(connection);
        this.#soon({ type: 'flushed', connection });
        return;
      }
      case 'continue':
        this.#promised.turn = true;
        this.agenda.after(0, () => this.#handle({ type: 'continued' }));
        return;
      case 'pause':
      case 'resume':
        return;
      case 'openFile':
        return this.#files.open(command.file);
      case 'writeFile':
        return this.#files.write(command.file, command.bytes);
      case 'finishFile':
        this.#promised.file.add(command.connection);
        return this.#finishFile(command.connection);
      case 'discardFile':
        return this.#files.discard(command.file);
      case 'startTimer':
        return this.#startTimer(command.timer, command.milliseconds);
      case 'stopTimer': {
        const stop = this.#timers.get(command.timer);
        if (stop === undefined) this.wrongs.push(`timer ${command.timer} is stopped and does not run`);
        stop?.();
        this.#timers.delete(command.timer);
        return;
      }
      case 'log':
        if (command.level === 'error')
          this.wrongs.push(`error: ${command.message} ${JSON.stringify(command.fields)}`);
        return;
      case 'restoreFile':
      case 'startTls':
      case 'keepJob':
      case 'jobEvent':
      case 'operationEnded':
      case 'stopServer':
      case 'trace':
        this.wrongs.push(`nobody asked for ${command.type}`);
    }
  }

  /** Disks take their time, and may be full. */
  #finishFile(connection: number): void {
    const fails = !this.faults.over && this.random.chance(0.03);
    if (fails) this.faults.note('file not written');
    const error = fails ? 'no space left on device' : undefined;
    this.#soon({ type: 'fileWritten', connection, error });
  }

  #soon(event: CoreEvent): void {
    this.agenda.after(this.random.fraction() * 50, () => this.process.receive(() => this.#handle(event)));
  }

  #startTimer(timer: number, milliseconds: number): void {
    const isLate = !this.faults.over && this.random.chance(0.1);
    if (isLate) this.faults.note('late timer');
    const late = isLate ? this.random.fraction() * 20_000 : this.random.fraction();
    const stop = this.process.startTimer(milliseconds, late, () => {
      this.#timers.delete(timer);
      this.#handle({ type: 'timerFired', timer });
    });
    this.#timers.set(timer, stop);
  }

  /** What is left in the end, when everyone has gone and every workspace is deleted. */
  get leftovers() {
    const { counts, accounting } = this.core;
    const files = this.#files.count;
    return {
      ...counts,
      timersOutside: this.#timers.size,
      files,
      bytes: accounting.bytes,
      memory: accounting.memory,
      incoming: accounting.incoming.bytes,
    };
  }
}
