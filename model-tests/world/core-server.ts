import type { Command, CoreEvent } from '../../src/core/commands.ts';
import { Core } from '../../src/core/core.ts';
import { Durability } from '../../src/transport/durability.ts';
import { MemoryFiles } from '../../test/support/memory-files.ts';
import type { UnderWay } from '../../test/support/lost-wakeups.ts';
import { recovered, type Projection } from '../../test/support/projection.ts';
import type { FilePayload } from '../../src/wire/payload.ts';
import { Link, type ClientEnd } from './link.ts';
import { newCore } from './new-core.ts';
import { Sleeper } from './sleeper.ts';
import type { World } from './world.ts';

/** What observes a server. */
export interface CoreServerHost {
  readonly world: World;
  /** An event or a command of the core, in their order. */
  note(what: CoreEvent | Command): void;
  /** An event, or a command that is carried out. */
  happened(what: CoreEvent | Command): void;
  /** Says of a command that it is not to be carried out. */
  loses(command: Command): boolean;
  /** A connection has ended. */
  ended(connection: number): void;
  /** Called after each event. */
  audit(): void;
}

/** One run of the server's core: its commands are carried out by simulations of the network, the disk and the clock. */
export class CoreServer {
  readonly core: Core;
  /** Its process. */
  readonly process: Sleeper;
  readonly files: MemoryFiles;
  /** Whether clients can connect. */
  isListening = false;
  readonly #host: CoreServerHost;
  readonly #world: World;
  /** The projection law, where every change is durable at once. */
  readonly #projection: Projection | undefined;
  readonly #durability: Durability | undefined;
  readonly #links = new Map<number, Link>();
  readonly #timers = new Map<number, () => void>();
  /** Events that the core was promised, and has not had yet. */
  readonly #promised = { flush: new Set<number>(), file: new Set<number>(), turn: false };
  readonly #restored: FilePayload[] = [];
  #isOver = false;

  /**
   * @param run its name
   * @param before the one that has crashed, whose files are on the disk
   */
  constructor(host: CoreServerHost, run: string, before?: CoreServer) {
    const { world } = host;
    this.#host = host;
    this.#world = world;
    this.process = new Sleeper(world.agenda, (what) => world.wrongs.push(what));
    this.files = new MemoryFiles(before?.files);
    this.core = newCore(run, world.store === undefined ? undefined : 'always');
    if (world.store === undefined) {
      this.#projection = recovered([], this.core, world.agenda.now);
      this.isListening = true;
    } else {
      const { store } = world;
      store.usedBy({ core: this.core, receive: (act) => this.#receive(act) });
      const performer = {
        perform: (commands: readonly Command[]) => commands.forEach((command) => this.#carryOut(command)),
        // Requests that have arrived are read at once, so there are no others to wait with.
        holdReading: () => undefined,
        failed: (error: unknown) => void world.wrongs.push(`the store has failed: ${String(error)}`),
      };
      this.#durability = new Durability({ store, sync: 'always' }, this.core, performer, () => world.elapsed);
      this.#start(this.#durability).catch((error: unknown) =>
        world.wrongs.push(`the server cannot be started: ${String(error)}`),
      );
    }
  }

  /** Takes up the store, and then accepts clients. */
  async #start(durability: Durability): Promise<void> {
    await durability.recover(() => this.#world.agenda.now);
    if (this.#isOver) return;
    this.files.keepOnly(this.#restored);
    this.isListening = true;
  }

  /** It ends without a word. */
  end(): void {
    this.#isOver = true;
    this.isListening = false;
    for (const stop of this.#timers.values()) stop();
    for (const link of this.#links.values()) link.serverDies();
  }

  get timers(): number {
    return this.#timers.size;
  }

  get underWay(): UnderWay {
    const { flush, file, turn } = this.#promised;
    return { flush: (id) => flush.has(id), file: (id) => file.has(id), turn };
  }

  connect(connection: number, client: ClientEnd): Link {
    const link = new Link(
      this.#world.agenda,
      this.#world.random,
      {
        received: (text) => {
          this.#receive(() => {
            const lent = Buffer.from(text, 'latin1');
            this.#handle({ type: 'received', connection, bytes: lent });
            lent.fill('?');
          });
        },
        disconnected: () => {
          this.#links.delete(connection);
          this.#host.ended(connection);
          this.#receive(() => this.#handle({ type: 'disconnected', connection }));
        },
      },
      client,
    );
    this.#links.set(connection, link);
    const peer = `10.0.0.${connection}:4000`;
    this.#receive(() => this.#handle({ type: 'connected', connection, peer }));
    return link;
  }

  #receive(act: () => void): void {
    this.process.receive(() => {
      if (!this.#isOver) act();
    });
  }

  #handle(event: CoreEvent): void {
    const { wrongs, agenda } = this.#world;
    this.#world.events++;
    this.#host.note(event);
    this.#host.happened(event);
    this.#keep(event);
    const gone = event.type === 'disconnected' ? event.connection : undefined;
    const commands = this.core.handle(event, agenda.now);
    for (const command of commands) {
      // Its blocked request was withdrawn before anything else that its end causes (V6, S13).
      if (command.type === 'send' && command.connection === gone)
        wrongs.push(`${gone} has gone and is sent something`);
      this.#host.note(command);
      if (this.#durability !== undefined) this.#promise(command);
      else if (!this.#host.loses(command)) {
        this.#promise(command);
        this.#carryOut(command);
      }
    }
    this.#durability?.handled(commands);
    if (wrongs.length === 0) wrongs.push(...(this.#projection?.follow() ?? []));
    this.#host.audit();
  }

  /** The core will be told, now or when its changes are durable. */
  #promise(command: Command): void {
    if (command.type === 'flush') this.#promised.flush.add(command.connection);
    if (command.type === 'finishFile') this.#promised.file.add(command.connection);
    if (command.type === 'continue') this.#promised.turn = true;
  }

  #keep(event: CoreEvent): void {
    if (event.type === 'flushed') this.#promised.flush.delete(event.connection);
    if (event.type === 'fileWritten') this.#promised.file.delete(event.connection);
    if (event.type === 'continued') this.#promised.turn = false;
  }

  #carryOut(command: Command): void {
    this.#host.happened(command);
    this.#perform(command);
  }

  #perform(command: Command): void {
    const { wrongs, agenda } = this.#world;
    switch (command.type) {
      case 'send': {
        const { bytes } = command;
        const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
        return this.#links.get(command.connection)?.send(text);
      }
      case 'sendFile':
        return this.#links.get(command.connection)?.send(this.files.read(command.file));
      case 'close':
        return this.#links.get(command.connection)?.close();
      case 'flush':
        return this.#soon({ type: 'flushed', connection: command.connection });
      case 'continue':
        agenda.after(0, () => this.#receive(() => this.#handle({ type: 'continued' })));
        return;
      case 'pause':
      case 'resume':
        return;
      case 'openFile':
        return this.files.open(command.file);
      case 'writeFile':
        return this.files.write(command.file, command.bytes);
      case 'finishFile':
        return this.#finishFile(command.connection);
      case 'discardFile':
        return this.files.discard(command.file);
      case 'startTimer':
        return this.#startTimer(command.timer, command.milliseconds);
      case 'stopTimer': {
        const stop = this.#timers.get(command.timer);
        if (stop === undefined) wrongs.push(`timer ${command.timer} is stopped and does not run`);
        stop?.();
        this.#timers.delete(command.timer);
        return;
      }
      case 'log':
        if (command.level === 'error')
          wrongs.push(`error: ${command.message} ${JSON.stringify(command.fields)}`);
        return;
      case 'restoreFile':
        this.#restored.push(command.file);
        return;
      case 'startTls':
      case 'keepJob':
      case 'jobEvent':
      case 'operationEnded':
      case 'stopServer':
      case 'trace':
        wrongs.push(`nobody asked for ${command.type}`);
    }
  }

  /** Disks take their time, and may be full. */
  #finishFile(connection: number): void {
    const { faults, random } = this.#world;
    const fails = faults.may('file not written') && random.chance(0.03);
    if (fails) faults.note('file not written');
    const error = fails ? 'no space left on device' : undefined;
    this.#soon({ type: 'fileWritten', connection, error });
  }

  #soon(event: CoreEvent): void {
    const { agenda, random } = this.#world;
    agenda.after(random.fraction() * 50, () => this.#receive(() => this.#handle(event)));
  }

  #startTimer(timer: number, milliseconds: number): void {
    const { faults, random } = this.#world;
    const isLate = faults.may('late timer') && random.chance(0.1);
    if (isLate) faults.note('late timer');
    const late = isLate ? random.fraction() * 20_000 : random.fraction();
    const stop = this.process.startTimer(milliseconds, late, () => {
      this.#timers.delete(timer);
      if (!this.#isOver) this.#handle({ type: 'timerFired', timer });
    });
    this.#timers.set(timer, stop);
  }
}
