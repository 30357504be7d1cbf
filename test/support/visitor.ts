import type { Reply } from '../../src/verify/client-codec.ts';
import { OK } from './replies.ts';
import type { ConnectOptions, Entries, SimulatedClient } from './simulated-client.ts';
import type { SimulatedServer } from './simulated-server.ts';

interface StoreOptions {
  readonly metadata?: Entries;
  readonly descriptor?: number;
}

interface GetOptions {
  readonly metadata?: Entries;
  /** The position of an iteration (V10). */
  readonly after?: { readonly variableId?: string; readonly index?: number | undefined } | undefined;
}

/** A client in one workspace. */
export class Visitor {
  readonly client: SimulatedClient;
  readonly workspace: string;

  constructor(client: SimulatedClient, workspace: string) {
    this.client = client;
    this.workspace = workspace;
  }

  /** A new client that uses the workspace, which is created if it is missing. */
  static of(server: SimulatedServer, workspace: string, options: ConnectOptions = {}): Visitor {
    const client = server.connect(options);
    const reply = client.call(['use ws', workspace, '', 'no']);
    if (reply.status !== OK.status) throw new Error(`${workspace} cannot be used: ${reply.reason}`);
    return new Visitor(client, workspace);
  }

  store(variable: string, value: string, { metadata = {}, descriptor = 1 }: StoreOptions = {}): Reply {
    return this.client.call(['store', this.workspace, variable, String(descriptor), value], metadata);
  }

  declare(variable: string, mode: string): Reply {
    return this.client.call(['declare var', this.workspace, variable, mode]);
  }

  delete(variable: string): Reply {
    return this.client.call(['delete var', this.workspace, variable]);
  }

  /** A get that is answered at once. */
  get(verb: string, variable: string, options: GetOptions = {}): Reply {
    this.ask(verb, variable, options);
    return this.client.reply();
  }

  /** A get, answered or not. */
  ask(verb: string, variable: string, { metadata = {}, after }: GetOptions = {}): void {
    const iterator = after === undefined ? [] : [after.variableId ?? '', String(after.index ?? '')];
    this.client.send([verb, this.workspace, variable, ...iterator], metadata);
  }

  /** A get that must block. */
  wait(verb: string, variable: string, options: GetOptions = {}): void {
    this.ask(verb, variable, options);
    if (!this.isWaiting)
      throw new Error(`${verb} ${variable} did not block: ${JSON.stringify(this.reply())}`);
  }

  /** The reply to its waiting request. */
  reply(): Reply {
    return this.client.reply();
  }

  get isWaiting(): boolean {
    return this.client.isWaiting;
  }

  /** The value that `findTry` returns, or undefined. */
  read(variable: string): string | undefined {
    const reply = this.get('findTry', variable);
    return reply.status === OK.status ? reply.value : undefined;
  }

  /** The lines of `list vars`. */
  list(): string[] {
    return this.client.call(['list vars', this.workspace]).value?.split('\n') ?? [];
  }

  leave(): void {
    this.client.disconnect();
  }
}
