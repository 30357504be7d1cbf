import { Barrier } from './barrier.ts';
import type { ConnectionOptions } from '../connection/channel.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import type { OpenOptions } from '../connection/connection.ts';
import { checkOptions } from '../options/checked-options.ts';
import { ConnectionPool } from '../connection/connection-pool.ts';
import type { OldSleighInfo, VariableInfo, WorkspaceInfo } from './listings.ts';
import { checkName, WORKSPACE } from '../options/option-rules.ts';
import type { ByteStream } from '../connection/outgoing.ts';
import type {
  Form,
  Forms,
  GetOptions,
  StoreOptions,
  StoreStreamOptions,
  TryOptions,
  WorkspaceOptions,
} from '../options/workspace-options.ts';
import { metadataOf, Variable, type Mode } from './variable.ts';

/**
 * A workspace: a named set of variables on a server, in which programs meet (W1).
 *
 * Any number of callers may use one at a time. What the server answers at once goes over one connection, in the order in
 * which it is asked; each get that waits has a connection of its own (P5.3), which is kept for the next one.
 *
 * Every method rejects with an NwsError when the server refuses, and with a ConnectionLostError when there is no
 * connection any more.
 */
export class NetWorkSpace implements Disposable {
  readonly name: string;
  readonly #lines: ConnectionPool;

  /**
   * Opens a workspace, makes it if need be, and owns it if nobody does: it goes with this program unless it is
   * persistent (W2, W6).
   * @throws ConnectionLostError; NwsError `no-workspace` with `create: false` when it is not there (W4)
   */
  static open(name: string, options: WorkspaceOptions = {}): Promise<NetWorkSpace> {
    return connected('NetWorkSpace.open', name, options, async (lines) => {
      await lines.main.openWorkspace(name, openOptionsOf(options));
      return new NetWorkSpace(lines, name);
    });
  }

  /** As `open`, without owning (W3). */
  static use(name: string, options: WorkspaceOptions = {}): Promise<NetWorkSpace> {
    return connected('NetWorkSpace.use', name, options, async (lines) => {
      await lines.main.useWorkspace(name, openOptionsOf(options));
      return new NetWorkSpace(lines, name);
    });
  }

  /**
   * Makes a workspace of a new name, which nobody owns (W8).
   * @param template with one place for a number, as in printf: `job %d`
   */
  static mktemp(template: string, options: WorkspaceOptions = {}): Promise<NetWorkSpace> {
    return connected('NetWorkSpace.mktemp', template, options, async (lines) => {
      return new NetWorkSpace(lines, await lines.main.mktemp(template, metadataOf(options.metadata)));
    });
  }

  /** Deletes a workspace, whoever has opened it; who waits in it is told (W7). */
  static async delete(name: string, server: ConnectionOptions = {}): Promise<void> {
    checkName(name);
    checkOptions('NetWorkSpace.delete', server, WORKSPACE);
    const lines = await ConnectionPool.open(server);
    await lines.main.deleteWorkspace(name).finally(() => lines.close());
  }

  /** All workspaces of a server, sorted by name (W10). */
  static async list(server: ConnectionOptions = {}): Promise<WorkspaceInfo[]> {
    checkOptions('NetWorkSpace.list', server, WORKSPACE);
    const lines = await ConnectionPool.open(server);
    return lines.main.listWorkspaces().finally(() => lines.close());
  }

  /** @param lines on which it has been opened or used */
  constructor(lines: ConnectionPool, name: string) {
    this.#lines = lines;
    this.name = name;
  }

  /** Where it is: what another program needs, with the name, to use it. */
  get server(): ServerAddress {
    return this.#lines.server;
  }

  /**
   * A variable with values of one type, as this program says.
   * @param mode declared before its first use (V2)
   */
  variable<T>(name: string, mode?: Mode): Variable<T> {
    return new Variable<T>(this.#lines, this.name, name, mode);
  }

  /** A place where programs wait for each other (V12). */
  barrier(name: string): Barrier {
    return new Barrier(this.#lines, this.name, name);
  }

  /** Sets what a variable does with values (V2). @throws NwsError when it does something else already */
  declare(variable: string, mode: Mode): Promise<void> {
    return this.variable(variable, mode).declare();
  }

  /** See Variable. */
  store(variable: string, value: unknown, options?: StoreOptions): Promise<void> {
    return this.variable(variable).store(value, options);
  }

  /** See Variable. */
  storeStream(variable: string, value: ByteStream, options?: StoreStreamOptions): Promise<void> {
    return this.variable(variable).storeStream(value, options);
  }

  /** See Variable. */
  fetch<F extends Form = 'value'>(variable: string, options?: GetOptions<F>): Promise<Forms<unknown>[F]> {
    return this.variable(variable).fetch(options);
  }

  /** See Variable. */
  find<F extends Form = 'value'>(variable: string, options?: GetOptions<F>): Promise<Forms<unknown>[F]> {
    return this.variable(variable).find(options);
  }

  /** See Variable. */
  fetchTry<F extends Form = 'value'>(
    variable: string,
    options?: TryOptions<F>,
  ): Promise<Forms<unknown>[F] | undefined> {
    return this.variable(variable).fetchTry(options);
  }

  /** See Variable. */
  findTry<F extends Form = 'value'>(
    variable: string,
    options?: TryOptions<F>,
  ): Promise<Forms<unknown>[F] | undefined> {
    return this.variable(variable).findTry(options);
  }

  /** See Variable. */
  ifetch<F extends Form = 'value'>(
    variable: string,
    options?: GetOptions<F>,
  ): AsyncGenerator<Forms<unknown>[F], void, undefined> {
    return this.variable(variable).ifetch(options);
  }

  /** See Variable. */
  ifind<F extends Form = 'value'>(
    variable: string,
    options?: GetOptions<F>,
  ): AsyncGenerator<Forms<unknown>[F], void, undefined> {
    return this.variable(variable).ifind(options);
  }

  /** See Variable. */
  ifetchTry<F extends Form = 'value'>(
    variable: string,
    options?: TryOptions<F>,
  ): AsyncGenerator<Forms<unknown>[F], void, undefined> {
    return this.variable(variable).ifetchTry(options);
  }

  /** See Variable. */
  ifindTry<F extends Form = 'value'>(
    variable: string,
    options?: TryOptions<F>,
  ): AsyncGenerator<Forms<unknown>[F], void, undefined> {
    return this.variable(variable).ifindTry(options);
  }

  /** Deletes a variable; who waits in it is told (V7). */
  async deleteVariable(variable: string): Promise<void> {
    await this.#lines.main.deleteVariable(this.name, variable);
  }

  /** Its variables that are not hidden, sorted by name (V8). */
  list(): Promise<VariableInfo[]> {
    return this.#lines.main.listVariables(this.name);
  }

  /** How a job of the old style stands that older clients make of this workspace (W12); undefined if there was none. */
  oldSleigh(): Promise<OldSleighInfo | undefined> {
    return this.#lines.main.oldSleigh(this.name);
  }

  /** Deletes the workspace, whoever has opened it, and closes the connections. */
  async delete(): Promise<void> {
    await this.#lines.main.deleteWorkspace(this.name).finally(() => this.close());
  }

  /** Ends the connections; what is under way is rejected as `closed`. */
  close(): void {
    this.#lines.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** @throws TypeError or RangeError for bad options; what `use` does, and leaves no connection then */
async function connected(
  of: string,
  name: string,
  options: WorkspaceOptions,
  use: (lines: ConnectionPool) => Promise<NetWorkSpace>,
): Promise<NetWorkSpace> {
  checkName(name);
  checkOptions(of, options, WORKSPACE);
  const lines = await ConnectionPool.open(options);
  try {
    return await use(lines);
  } catch (error) {
    lines.close();
    throw error;
  }
}

const openOptionsOf = ({ metadata, ...options }: WorkspaceOptions): OpenOptions => ({
  ...options,
  metadata: metadataOf(metadata),
});
