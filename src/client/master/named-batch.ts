import { KEY, VARIABLE } from '../../wire/names.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { Found } from '../connection/connection.ts';
import type { EncodedValue } from '../values/values.ts';
import { Follower } from '../workspace/follower.ts';
import { SLEIGH } from '../errors/job.ts';
import { isFinal, type Dispatcher } from './dispatcher.ts';
import { SleighError } from './sleigh-error.ts';
import type { TaskGroup, TaskSender } from './task-group.ts';
import type { Sent } from './task-parts.ts';

export interface NamedBatchOptions {
  readonly lines: ConnectionPool;
  readonly workspace: string;
  readonly dispatcher: Dispatcher;
  readonly name: string;
}

/** The variable that says that the batch of that name was cancelled on the page (S33.2). */
const cancelledVariable = (name: string): string => `#cancelled ${name}`;

/** @throws SleighError if the batch of that name was cancelled on the page, in whatever run of its program (S33.2) */
export async function refuseIfCancelled({ lines, workspace, name }: NamedBatchOptions): Promise<void> {
  const variable = cancelledVariable(name);
  const found = await lines.main.findTry(workspace, variable);
  if (found !== undefined) throw new SleighError(SLEIGH.cancelledBefore(name, variable));
}

/**
 * Stores the tasks of a batch with a name, each of one element, and reads their results, which stay on the server (S29). A
 * program that was started again finds the results of before, and its tasks are not stored twice.
 */
export class NamedBatch implements TaskSender {
  readonly #options: NamedBatchOptions;
  /** The variable with the results. */
  readonly #variable: string;
  readonly #follower: Follower;
  /** Tasks without a result, by their keys. */
  readonly #out = new Map<string, { readonly group: TaskGroup; readonly sent: Sent }>();
  /** Results of before, whose elements have not been read from the input again. */
  readonly #early = new Map<string, Found>();

  constructor(options: NamedBatchOptions) {
    this.#options = options;
    const { lines, workspace, dispatcher, name } = options;
    this.#variable = `#results ${name}`;
    this.#follower = new Follower(lines, workspace, this.#variable, (found) => this.#found(found));
    // Nothing arrives in the mailbox, but it learns of the end of the job.
    dispatcher.expect(1);
  }

  get workers(): number {
    return this.#options.dispatcher.workers;
  }
  get maxAttempts(): number {
    return this.#options.dispatcher.maxAttempts;
  }
  get mayRepeat(): boolean {
    return this.#options.dispatcher.mayRepeat;
  }

  async send(
    group: TaskGroup,
    sent: Sent,
    value: EncodedValue,
    metadata: ReadonlyMap<string, string>,
  ): Promise<void> {
    const key = keyOf(sent);
    const early = this.#early.get(key);
    if (early !== undefined) {
      this.#early.delete(key);
      return group.received(sent, early);
    }
    const { lines, workspace, dispatcher } = this.#options;
    const own = [...dispatcher.extra(), [KEY.keepIn, this.#variable], [KEY.keepAs, key]] as const;
    this.#out.set(key, { group, sent });
    try {
      await lines.main.storeEncoded(
        workspace,
        VARIABLE.task,
        value,
        new Map([...dispatcher.attempts(), ...metadata, ...own]),
      );
    } catch (error) {
      if (!this.#out.delete(key)) return;
      if (!isFinal(error)) throw error;
      dispatcher.failed(error);
    }
  }

  #found(found: Found): void {
    this.#options.dispatcher.noteHost(found);
    const key = found.metadata.get(KEY.keepAs) ?? '';
    const task = this.#out.get(key);
    if (task === undefined) return void this.#early.set(key, found);
    this.#out.delete(key);
    task.group.received(task.sent, found);
  }

  /** Someone has cancelled it on the page: it stays cancelled for a program that is started again (S33.2). */
  cancelledOnPage(): void {
    const { lines, workspace, name } = this.#options;
    const variable = cancelledVariable(name);
    const at = lines.platform.clock.date().getTime();
    // The job has ended otherwise.
    Promise.all([
      lines.main.declare(workspace, variable, 'single'),
      lines.main.store(workspace, variable, { at }),
    ]).catch(() => undefined);
  }

  /** Nothing more is awaited. The results stay. */
  close(): void {
    this.#options.dispatcher.expect(-1);
    void this.#follower.close();
  }

  /** The program has all outcomes, so that the server may forget the results. */
  forget(): void {
    const { lines, workspace } = this.#options;
    lines.main.deleteVariable(workspace, this.#variable).catch(() => undefined);
  }
}

/** The same in each run of a program with the same elements: the index of the element, and the number of a further attempt. */
function keyOf({ parts: [part] }: Sent): string {
  const { index = 0, attempt = 1 } = part ?? {};
  return attempt === 1 ? String(index) : `${index}/${attempt}`;
}
