import type { Command, CoreEvent } from '../core/commands.ts';
import type { JobEvent } from '../sleigh/job-event.ts';
import type { JobOperation, JobWorker } from '../sleigh/job-operation.ts';
import { checkedList } from './checked-plugins.ts';
import type { JobControl, JobOutcome, JobPlugin } from './job-plugin.ts';

/** What the plugins use of the server. */
interface PluginHost {
  /** Handles an event when the current one is over. */
  handle(event: CoreEvent): void;
  worker(job: string, rank: number): JobWorker | undefined;
  /** A plugin has failed: what there is to log about it. */
  failed(fields: Record<string, unknown>): void;
}

/** The plugins of a server. */
export class JobPlugins {
  readonly #listening: readonly JobPlugin[];
  readonly #host: PluginHost;
  readonly #controls = new Map<string, JobControl>();
  readonly #pending = new Map<number, (outcome: JobOutcome) => void>();
  #operations = 0;

  constructor(plugins: readonly JobPlugin[] | undefined, host: PluginHost) {
    this.#listening = checkedList(plugins).filter(({ onEvent }) => onEvent !== undefined);
    this.#host = host;
  }

  perform(command: Extract<Command, { type: 'jobEvent' | 'operationEnded' }>): void {
    if (command.type === 'jobEvent') this.#tell(command.event);
    else this.#ended(command.operation, command.reason);
  }

  #tell(event: JobEvent): void {
    const control = this.#controlOf(event.job);
    for (const plugin of this.#listening)
      try {
        const returned = plugin.onEvent?.(event, control);
        if (returned instanceof Promise)
          returned.catch((error: unknown) => this.#complain(plugin, event, error));
      } catch (error) {
        this.#complain(plugin, event, error);
      }
  }

  #complain({ name }: JobPlugin, { type, job }: JobEvent, error: unknown): void {
    this.#host.failed({ plugin: name, event: type, job, error });
  }

  /** The core has carried out an operation, or has refused it. */
  #ended(operation: number, reason: string | undefined): void {
    this.#pending.get(operation)?.(reason === undefined ? { isDone: true } : { isDone: false, reason });
    this.#pending.delete(operation);
  }

  #controlOf(job: string): JobControl {
    let control = this.#controls.get(job);
    if (control === undefined) this.#controls.set(job, (control = this.#newControl(job)));
    // Jobs come and go: a plugin that has kept a control can use it still.
    if (this.#controls.size > MAX_CONTROLS) this.#controls.clear();
    return control;
  }

  #newControl(job: string): JobControl {
    const operate = (what: JobOperation): Promise<JobOutcome> =>
      new Promise((resolve) => {
        const operation = ++this.#operations;
        this.#pending.set(operation, resolve);
        this.#host.handle({ type: 'jobOperation', operation, job, what });
      });
    return {
      job,
      submit: (value) => operate({ type: 'submit', value }),
      putResult: (rank, value) => operate({ type: 'putResult', rank, value }),
      killWorker: (rank) => operate({ type: 'killWorker', rank }),
      killSentinel: (sentinel) => operate({ type: 'killSentinel', sentinel }),
      worker: (rank) => this.#host.worker(job, rank),
    };
  }
}

/** The number of jobs whose controls are kept for the next event. */
const MAX_CONTROLS = 1_000;
