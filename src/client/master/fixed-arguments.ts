import { KEY, VARIABLE } from '../../wire/names.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { TaskOptions } from '../options/sleigh-options.ts';
import type { Task } from '../task/task.ts';
import { typeError } from '../../wire/error-kind.ts';
import { USAGE } from '../errors/usage.ts';
import { Scattered } from './scattered.ts';
import type { ThreadMemory } from './thread-memory.ts';
import { encodeValue } from '../values/values.ts';

/** Tasks of this language do not name it, because workers of earlier versions read no name (C8). */
const DEFAULT_LANGUAGE = 'javascript';

/** A value that was scattered, and how many batches that are not settled use it. */
interface ScatteredValue {
  readonly variable: string;
  uses: number;
}

/** A task without its types. */
export type FunctionName = Pick<Task, 'module' | 'name' | 'language'>;

/** The fixed arguments of batches. Each is stored once, in its own variable, until its batch is settled (S11). */
export class FixedArguments {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  readonly #memory: ThreadMemory;
  readonly #scattered = new Map<Scattered, ScatteredValue>();
  /** Values that were freed and are still used, by variable. */
  readonly #freed = new Map<string, ScatteredValue>();
  /** The numbers of the existing variables, oldest first, and the memory that each refers to (S36). */
  readonly #kept = new Map<number, unknown>();
  /** The highest number so far. */
  #latest = 0;

  constructor(lines: ConnectionPool, workspace: string, memory: ThreadMemory) {
    this.#lines = lines;
    this.#memory = memory;
    this.#workspace = workspace;
  }

  /**
   * The metadata of each task of a batch. Stores its fixed arguments.
   * @throws TypeError if they cannot be sent; NwsError if the server refuses them
   */
  async metadataOf(
    { module, name, language = DEFAULT_LANGUAGE }: FunctionName,
    {
      fixedArgs,
      seed,
      priority = 0,
      host,
      timeout = Infinity,
    }: TaskOptions & { readonly fixedArgs?: unknown } = {},
  ): Promise<Map<string, string>> {
    const metadata = new Map<string, string>([
      [KEY.module, module],
      [KEY.function, name],
    ]);
    if (language !== DEFAULT_LANGUAGE) metadata.set(KEY.language, language);
    if (timeout !== Infinity) metadata.set(KEY.timeout, String(timeout));
    if (priority !== 0) metadata.set(KEY.priority, String(priority));
    if (host !== undefined) metadata.set(KEY.taskHost, host);
    if (seed !== undefined) metadata.set(KEY.seed, String(seed));
    return fixedArgs === undefined
      ? metadata
      : metadata.set(KEY.fixedArgs, await this.#variableOf(fixedArgs));
  }

  /** Stores a value for any number of batches. */
  async scatter(value: unknown): Promise<Scattered> {
    const variable = await this.#store(value, 'value');
    const scattered = new Scattered(async () => {
      const entry = this.#scattered.get(scattered);
      this.#scattered.delete(scattered);
      if (entry === undefined) return;
      this.#freed.set(variable, entry);
      if (entry.uses === 0) await this.#delete(variable);
    });
    this.#scattered.set(scattered, { variable, uses: 0 });
    return scattered;
  }

  /** @returns the name of the variable with these fixed arguments */
  async #variableOf(fixedArgs: unknown): Promise<string> {
    if (!(fixedArgs instanceof Scattered)) return this.#store(fixedArgs, 'fixedArgs');
    const entry = this.#scattered.get(fixedArgs);
    if (entry === undefined) throw typeError(USAGE.notScattered());
    entry.uses++;
    return entry.variable;
  }

  /** @returns the name of the variable */
  async #store(value: unknown, name: string): Promise<string> {
    const { main } = this.#lines;
    const lending = this.#memory.lending();
    const encoded = encodeValue(value, name, lending);
    const variable = String((await main.find(this.#workspace, VARIABLE.fixedArgId)).value);
    this.#latest = Math.max(this.#latest, numberOf(variable));
    this.#kept.set(numberOf(variable), lending?.lent());
    try {
      await main.storeEncoded(this.#workspace, variable, encoded);
    } catch (error) {
      await this.#delete(variable);
      throw error;
    }
    return variable;
  }

  /** A batch that used the variable is settled. */
  async release(variable: string): Promise<void> {
    const scattered = [...this.#scattered.values()].find((each) => each.variable === variable);
    const freed = this.#freed.get(variable);
    const entry = scattered ?? freed;
    if (entry !== undefined && --entry.uses > 0) return;
    if (scattered === undefined) await this.#delete(variable);
  }

  async #delete(variable: string): Promise<void> {
    this.#freed.delete(variable);
    this.#kept.delete(numberOf(variable));
    await this.#lines.main.deleteVariable(this.#workspace, variable).catch(() => undefined);
  }

  /** Metadata that tell workers which fixed arguments they can drop. */
  *metadata(): Generator<readonly [string, string]> {
    if (this.#latest === 0) return;
    const [oldest = this.#latest + 1] = this.#kept.keys();
    yield [KEY.fixedArgsFrom, String(oldest)];
  }
}

const numberOf = (variable: string): number => Number(/\d+$/.exec(variable)?.[0] ?? 0);
