import { createHash } from 'node:crypto';
import type { Command, CoreEvent } from '../../src/core/commands.ts';
import type { Core } from '../../src/core/core.ts';
import { lostWakeUps } from '../../test/support/lost-wakeups.ts';
import { CoreServer, type CoreServerHost } from './core-server.ts';
import { LastMessages } from './last-messages.ts';
import type { ClientEnd, ClientLink } from './link.ts';
import type { Sleeper } from './sleeper.ts';
import { World, type WorldOptions } from './world.ts';

/** Says of a command, the n-th of all, that it is not to be carried out. */
export type Losing = (command: Command, n: number) => boolean;

interface CoreWorldOptions extends WorldOptions {
  readonly loses?: Losing | undefined;
}

/** The server's core alone, in a simulated network. */
export class CoreWorld extends World {
  readonly lastMessages = new LastMessages();
  readonly #hash = createHash('sha256');
  readonly #host: CoreServerHost;
  #server: CoreServer;
  #connections = 0;
  #commands = 0;

  constructor(seed: number, { loses = () => false, ...options }: CoreWorldOptions = {}) {
    super(seed, options);
    this.#host = {
      world: this,
      note: (what) => this.#note(what),
      happened: (what) => this.lastMessages.note(what),
      loses: (command) => loses(command, ++this.#commands),
      ended: (connection) => this.lastMessages.forget(connection),
      audit: () => this.audit(),
    };
    this.#server = new CoreServer(this.#host, this.newRun());
  }

  get core(): Core {
    return this.#server.core;
  }
  get process(): Sleeper {
    return this.#server.process;
  }
  get isListening(): boolean {
    return this.#server.isListening;
  }

  /** Of all events and commands, in their order. Ends the world: it is asked for once. */
  traceHash(): string {
    return this.#hash.digest('hex');
  }

  connect(client: ClientEnd): ClientLink {
    this.mustListen();
    return this.#server.connect(++this.#connections, client);
  }

  protected endServer(): void {
    this.#server.end();
  }
  protected startServer(): void {
    this.#server = new CoreServer(this.#host, this.newRun(), this.#server);
  }

  protected override findLostWakeUps(prods: boolean): string[] {
    return lostWakeUps(this.core, this.#server.underWay, prods);
  }

  #note(what: CoreEvent | Command): void {
    this.#hash.update(`${this.agenda.now} ${what.type} ${'connection' in what ? what.connection : ''}`);
    if ('bytes' in what) this.#hash.update(what.bytes);
    if ('file' in what) this.#hash.update(JSON.stringify(what.file));
    if ('timer' in what) this.#hash.update(JSON.stringify(what));
    if (what.type === 'log') this.#hash.update(what.message);
  }

  /** What is left in the end, when everyone has gone and every workspace is deleted. */
  get leftovers() {
    const { counts, accounting, sessions } = this.core;
    return {
      ...counts,
      sessions: sessions.count,
      timersOutside: this.#server.timers,
      files: this.#server.files.count,
      bytes: accounting.bytes,
      memory: accounting.memory,
      incoming: accounting.incoming.bytes,
    };
  }
}
