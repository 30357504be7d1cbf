import { Barrier } from './barrier.ts';
import type { ConnectionOptions } from '../connection/channel-options.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import type { OpenOptions } from '../connection/connection.ts';
import { checkOptions } from '../options/checked-options.ts';
import { ConnectionPool } from '../connection/connection-pool.ts';
import type { OldSleighInfo, VariableInfo, WorkspaceInfo } from './listings.ts';
import { checkName, LOCK, WORKSPACE } from '../options/option-rules.ts';
import type {
  DeclareOptions,
  Form,
  Forms,
  GetOptions,
  StoreOptions,
  StoreStreamOptions,
  StreamInit,
  TryOptions,
  WorkspaceOptions,
} from '../options/workspace-options.ts';
import { acquire, type Lock } from './lock.ts';
import type { LockOptions } from './lock-options.ts';
import { metadataOf, Variable, type Mode } from './variable.ts';

/**
 * A workspace: a named set of variables on a server, which programs share (W1).
 *
 * Several callers may use one at a time. Requests that the server answers at once go over one connection, in order.
 * Each get that waits has its own connection (P5.3), which is reused later.
 *
 * Every method rejects with an NwsError if the server refuses the request, and with a ConnectionLostError if there is
 * no connection.
 */
export class NetWorkSpace implements Disposable {
  readonly name: string;
  readonly #lines: ConnectionPool;

  /**
   * Opens a workspace, and creates it if it does not exist. If it has no owner, this program becomes the owner: the
   * workspace is deleted when the program disconnects, unless it is persistent (W2, W6).
   * @throws ConnectionLostError; NwsError `no-workspace` with `create: false` if it does not exist (W4)
   */
  static open(name: string, options: WorkspaceOptions = {}): Promise<NetWorkSpace> {
    return connected('NetWorkSpace.open', { name }, options, async (lines) => {
      await lines.main.openWorkspace(name, openOptionsOf(options));
      return new NetWorkSpace(lines, name);
    });
  }

  /** As `open`, without becoming an owner (W3). */
  static use(name: string, options: WorkspaceOptions = {}): Promise<NetWorkSpace> {
    return connected('NetWorkSpace.use', { name }, options, async (lines) => {
      await lines.main.useWorkspace(name, openOptionsOf(options));
      return new NetWorkSpace(lines, name);
    });
  }

  /**
   * Creates a workspace with a unique name and without an owner (W8).
   * @param template a printf format with one conversion for a number: `job %d`
   */
  static mktemp(template: string, options: WorkspaceOptions = {}): Promise<NetWorkSpace> {
    return connected('NetWorkSpace.mktemp', { template }, options, async (lines) => {
      return new NetWorkSpace(lines, await lines.main.mktemp(template, metadataOf(options.metadata)));
    });
  }

  /** Deletes a workspace. Clients that wait in it get an error (W7). */
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

  /** @param lines connections on which it has been opened or used */
  constructor(lines: ConnectionPool, name: string) {
    this.#lines = lines;
    this.name = name;
  }

  /** The server. Another program needs it and the name to use the workspace. */
  get server(): ServerAddress {
    return this.#lines.server;
  }

  /**
   * A variable whose values have one type, which the client cannot check.
   * @param mode declared before its first use (V2)
   * @param options the capacity of a fifo (V14)
   * @throws TypeError or RangeError for invalid options
   */
  variable<T>(name: string, mode?: Mode, options?: DeclareOptions): Variable<T> {
    return new Variable<T>(this.#lines, this.name, name, mode, options);
  }

  /** A barrier: it lets programs wait for each other (V12). */
  barrier(name: string): Barrier {
    return new Barrier(this.#lines, this.name, name);
  }

  /**
   * Sets the mode of a variable (V2).
   * @param options the capacity of a fifo: how many values it holds at most (V14)
   * @throws NwsError if it has another mode or capacity already; TypeError or RangeError for invalid options
   */
  async declare(variable: string, mode: Mode, options?: DeclareOptions): Promise<void> {
    await this.variable(variable, mode, options).declare();
  }

  /** See Variable. */
  store(variable: string, value: unknown, options?: StoreOptions): Promise<void> {
    return this.variable(variable).store(value, options);
  }

  /** See Variable. */
  storeStream(variable: string, value: StreamInit, options?: StoreStreamOptions): Promise<void> {
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

  /**
   * Waits for a lock, which one program has at a time. It is released by `release`, and when this program disconnects or
   * does not extend it any more. It is a value of the variable `#lock NAME`, which is leased (V13).
   *
   * ```ts
   * await using lock = await workspace.lock('the database');
   * await migrate(lock.signal);
   * ```
   */
  async lock(name: string, options: LockOptions = {}): Promise<Lock> {
    checkName(name);
    checkOptions('lock', options, LOCK);
    return acquire(this.variable<''>(`#lock ${name}`, 'fifo'), this.#lines.platform.clock, options);
  }

  /**
   * Elects a leader: calls the function when this program has the lock of that name, and again each time that it has lost it
   * and got it back.
   * @param lead is to end when its signal is aborted, because another program leads then
   * @returns what it returns while this program leads
   * @throws what it throws while this program leads; the reason of `options.signal`
   */
  async elect<R>(
    name: string,
    lead: (signal: AbortSignal) => Promise<R>,
    options: LockOptions = {},
  ): Promise<R> {
    for (;;) {
      await using lock = await this.lock(name, options);
      try {
        const result = await lead(lock.signal);
        if (!lock.signal.aborted) return result;
      } catch (error) {
        if (!lock.signal.aborted) throw error;
      }
    }
  }

  /** Deletes a variable. Clients that wait in it get an error (V7). */
  async deleteVariable(variable: string): Promise<void> {
    await this.#lines.main.deleteVariable(this.name, variable);
  }

  /** Its variables that are not hidden, sorted by name (V8). */
  list(): Promise<VariableInfo[]> {
    return this.#lines.main.listVariables(this.name);
  }

  /** The state of the old-style job in this workspace (W12); undefined if there was none. */
  oldSleigh(): Promise<OldSleighInfo | undefined> {
    return this.#lines.main.oldSleigh(this.name);
  }

  /** Deletes the workspace, and closes the connections. */
  async delete(): Promise<void> {
    await this.#lines.main.deleteWorkspace(this.name).finally(() => this.close());
  }

  /** Closes the connections; pending requests are rejected as `closed`. */
  close(): void {
    this.#lines.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * @param workspace its name, or what the server makes its name of
 * @throws TypeError or RangeError for invalid options; what `use` throws, after closing the connection
 */
async function connected(
  of: string,
  workspace: { readonly name: string } | { readonly template: string },
  options: WorkspaceOptions,
  use: (lines: ConnectionPool) => Promise<NetWorkSpace>,
): Promise<NetWorkSpace> {
  const { name, template }: { name?: string; template?: string } = workspace;
  checkName('template' in workspace ? template : name);
  checkOptions(of, options, WORKSPACE);
  const lines = await ConnectionPool.open({ ...options, workspace: name });
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
