import { Core, type CoreOptions } from '../../src/core/core.ts';
import type { Command } from '../../src/core/commands.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/wire/limits.ts';
import { encodeRequest } from '../../src/wire/request.ts';

const HANDSHAKE = 'X000R00000020016MetadataToServer000110018MetadataFromServer00011';

/** A core whose time slice is always over, or never. */
export class BusyCore {
  readonly core: Core;
  readonly sent = new Map<number, string>();
  /** Events that the core scheduled, in order. */
  readonly due: ('continued' | number)[] = [];
  readonly paused = new Set<number>();
  /** Connections that the core has closed. */
  readonly closed = new Set<number>();
  turns = 0;
  readonly #isTimeUp: boolean;

  constructor(
    isTimeUp: boolean,
    limits: Partial<Limits> = {},
    options: Pick<CoreOptions, 'isStored' | 'part'> = {},
  ) {
    this.#isTimeUp = isTimeUp;
    this.core = new Core({
      limits: { ...DEFAULT_LIMITS, ...limits },
      plugins: new Map([['sleigh', sleighPlugin(DEFAULT_OPTIONS)]]),
      tls: 'none',
      run: 'run7',
      ...options,
    });
  }

  connect(id: number): void {
    this.#perform(this.core.handle({ type: 'connected', connection: id, peer: `10.0.0.${id}:1` }, 0));
    this.write(id, '2222');
  }

  /** With metadata both ways. */
  join(id: number): void {
    this.#perform(this.core.handle({ type: 'connected', connection: id, peer: `10.0.0.${id}:1` }, 0));
    this.write(id, HANDSHAKE);
    this.sent.set(id, '');
  }

  write(connection: number, text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.#perform(this.core.handle({ type: 'received', connection, bytes }, 0, () => this.#isTimeUp));
    bytes.fill('?');
  }

  ask(connection: number, ...args: string[]): void {
    this.write(connection, encodeRequest(args, undefined));
  }

  /** @returns the bytes sent to it after all steps */
  tell(connection: number, args: string[], metadata: Readonly<Record<string, string>> = {}): string {
    const before = this.sent.get(connection)?.length ?? 0;
    this.write(connection, encodeRequest(args, new Map(Object.entries(metadata))));
    while (this.turn());
    return this.sent.get(connection)?.slice(before) ?? '';
  }

  /**
   * Runs one scheduled event.
   * @returns whether there was one
   */
  turn(): boolean {
    const next = this.due.shift();
    if (next === undefined) return false;
    this.turns++;
    const event =
      next === 'continued'
        ? ({ type: 'continued' } as const)
        : ({ type: 'flushed', connection: next } as const);
    this.#perform(this.core.handle(event, 0, () => this.#isTimeUp));
    return true;
  }

  stop(): void {
    this.#perform(this.core.handle({ type: 'stopping' }, 0, () => this.#isTimeUp));
  }

  leave(connection: number): void {
    this.#perform(this.core.handle({ type: 'disconnected', connection }, 0, () => this.#isTimeUp));
  }

  #perform(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === 'send') {
        const text =
          typeof command.bytes === 'string' ? command.bytes : Buffer.from(command.bytes).toString('latin1');
        this.sent.set(command.connection, (this.sent.get(command.connection) ?? '') + text);
      } else if (command.type === 'close') this.closed.add(command.connection);
      else if (command.type === 'continue') this.due.push('continued');
      else if (command.type === 'flush') this.due.push(command.connection);
      else if (command.type === 'pause') this.paused.add(command.connection);
      else if (command.type === 'resume') this.paused.delete(command.connection);
      else if (command.type === 'log' && command.level === 'error') throw new Error(command.message);
    }
  }
}
