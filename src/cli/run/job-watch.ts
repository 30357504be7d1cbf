import type { NetWorkSpace } from '../../client/workspace/net-work-space.ts';
import { KEY, VARIABLE } from '../../wire/names.ts';

/** What the server says of a job: the same figures as on its page. */
export interface JobFigures {
  /** Registered workers that live. */
  readonly workers: number;
  /** Tasks that are queued or running. */
  readonly pending: number;
  readonly running: number;
}

/** Reads nothing that changes the group (S4). */
export async function figuresOf(workspace: NetWorkSpace): Promise<JobFigures> {
  const [workers, job] = await Promise.all([
    workspace.findTry(VARIABLE.rankCount),
    workspace.findTry(VARIABLE.jobStatus, { as: 'found', metadata: { [KEY.all]: '1' } }),
  ]);
  const number = (key: string): number => Number(job?.metadata.get(key) ?? 0);
  return { workers: Number(workers), pending: number(KEY.pending), running: number(KEY.running) };
}

/** Asks the server once a second how a job is: whether its workers have registered, and what they do. */
export class JobWatch implements Disposable {
  readonly #expected: number;
  readonly #timer: NodeJS.Timeout;
  readonly #begun = performance.now();
  #latest: JobFigures | undefined;
  /** Whether all workers were there once: those that end later are replaced or reported. */
  #wasComplete = false;

  /** @param expected the expected number of workers */
  constructor(expected: number, ask: () => Promise<JobFigures>) {
    this.#expected = expected;
    let isLooking = false;
    const look = async (): Promise<void> => {
      if (isLooking) return;
      isLooking = true;
      // If the job has ended or does not answer, other code reports that.
      this.#latest = (await ask().catch(() => undefined)) ?? this.#latest;
      this.#wasComplete ||= (this.#latest?.workers ?? 0) >= expected;
      isLooking = false;
    };
    this.#timer = setInterval(() => void look(), PERIOD_MS).unref();
  }

  /** A report for people and for programs; undefined if no worker is missing, or only for a short time. */
  get report(): { readonly text: string; readonly event: object } | undefined {
    const seconds = Math.floor((performance.now() - this.#begun) / 1000);
    if (seconds < SILENT_SECONDS || this.#wasComplete) return undefined;
    const counts = { workers: this.#latest?.workers ?? 0, expected: this.#expected };
    return {
      text: `waiting for workers: ${counts.workers} of ${this.#expected}, since ${seconds} s`,
      event: { event: 'waiting', ...counts, seconds },
    };
  }

  /** The tasks of the job; undefined until the server has said how many. */
  get tasks(): { readonly running: number; readonly queued: number } | undefined {
    if (this.#latest === undefined) return undefined;
    const { running, pending } = this.#latest;
    return { running, queued: pending - running };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const PERIOD_MS = 1_000;
const SILENT_SECONDS = 2;
