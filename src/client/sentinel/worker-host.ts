import type { Company } from '../../machines/pool/company.ts';
import { delay, type Clock } from '../clock.ts';
import type { MessageAboutRank, MessageToWorker } from '../worker/worker-messages.ts';
import { inLines } from './output-lines.ts';
import type { ProcessUsage } from './process-usage.ts';
import type { WorkerChild } from './worker-child.ts';

export type OutputStream = 'stdout' | 'stderr';

/** The number of characters of standard error that are kept as the last words of a worker. */
const LAST_WORDS = 2_048;
/** Milliseconds to wait for the receiver of the output of a worker that has ended. */
const OUTPUT_LIMIT_MS = 1_000;

/** How a rank has left its process, or the process has ended. */
export interface RankEnd {
  readonly how: string;
  readonly company: Company;
  readonly killedFor: string;
  /** Whether no other rank has ended with this process, or left it, before. */
  readonly isFirst: boolean;
  readonly lastWords: string;
}

/** What its host calls for a rank. */
export interface RankListener {
  heard(message: MessageAboutRank): void;
  ended(end: RankEnd): void;
}

export interface WorkerHostOptions {
  readonly child: WorkerChild;
  readonly clock: Clock;
  /** The number of its ranks at most. */
  readonly concurrency: number;
  /** Called with its output, in whole lines; the host waits for it. */
  readonly onOutput: (rank: number, stream: OutputStream, lines: string) => Promise<void>;
}

/** A worker process, or a thread, and its ranks: one, or several with a call of each at the same time (S22.14). */
export class WorkerHost {
  readonly #options: WorkerHostOptions;
  readonly #ranks = new Map<number, RankListener>();
  readonly #company = new Map<number, Company>();
  /** For which rank it was killed, and why. */
  #killed: { readonly rank: number; readonly why: string } | undefined;
  #isLeaving = false;
  readonly #leaving = new Set<number>();
  #reportedLeaving = false;
  #reportedEnd = false;
  #lastWords = '';

  /** @param rank under which its output is passed on */
  constructor(rank: number, options: WorkerHostOptions) {
    this.#options = options;
    const { child, clock, onOutput } = options;
    const outputs = [
      inLines(child.stdout, (lines) => onOutput(rank, 'stdout', lines)),
      inLines(child.stderr, (lines) => {
        this.#lastWords = `${this.#lastWords}${lines}\n`.slice(-LAST_WORDS);
        return onOutput(rank, 'stderr', lines);
      }),
    ];
    child.onMessage((message) => {
      if (message.type === 'company') this.#company.set(message.rank, message.company);
      else this.#heard(message);
    });
    void child.ended.then(async (how) => {
      this.#isLeaving = true;
      await Promise.race([Promise.all(outputs), delay(clock, OUTPUT_LIMIT_MS)]);
      for (const rank of this.#ranks.keys()) this.#end(rank, how);
    });
  }

  /** Whether it takes another rank. */
  get hasRoom(): boolean {
    return !this.#isLeaving && this.#ranks.size < this.#options.concurrency;
  }

  add(rank: number, listener: RankListener): void {
    this.#ranks.set(rank, listener);
  }

  send(message: MessageToWorker): void {
    this.#options.child.send(message);
  }

  /** @param call of that rank, which must not complete any more */
  condemn(rank: number, call: number): void {
    const about = this.#options.concurrency > 1 ? { rank } : {};
    this.#options.child.send({ type: 'condemn', call, ...about });
  }

  /** Kills it, because of a call of that rank or for another reason. */
  kill(rank: number, why: string): void {
    this.#isLeaving = true;
    this.#killed ??= { rank, why };
    this.#options.child.kill();
  }

  /** @returns what it has used, for one of its ranks */
  usage(rank: number): Promise<ProcessUsage | undefined> {
    const [first] = this.#ranks.keys();
    return rank === first ? this.#options.child.usage() : Promise.resolve(undefined);
  }

  #heard(message: MessageAboutRank): void {
    const [only] = this.#ranks.keys();
    const rank = message.rank ?? only;
    if (rank === undefined) return;
    this.#ranks.get(rank)?.heard(message);
    if (message.type !== 'leaving') return;
    this.#leaving.add(rank);
    // A process whose server was cut off for one of its ranks may get another one.
    if (message.why !== 'cut-off' || this.#ranks.size === 1) this.#isLeaving = true;
    // The last rank ends with the process.
    if (this.#ranks.size > 1) this.#end(rank, 'exit status 0');
  }

  #end(rank: number, how: string): void {
    const listener = this.#ranks.get(rank);
    this.#ranks.delete(rank);
    const isLeaving = this.#leaving.delete(rank);
    const isFirst = isLeaving ? !this.#reportedLeaving : !this.#reportedEnd;
    if (isLeaving) this.#reportedLeaving = true;
    else this.#reportedEnd = true;
    const killedFor = this.#killed === undefined || this.#killed.rank === rank ? '' : this.#killed.why;
    const lastWords = this.#lastWords.trim();
    listener?.ended({ how, company: this.#companyOf(rank), killedFor, isFirst, lastWords });
  }

  #companyOf(rank: number): Company {
    return this.#options.concurrency === 1 ? 'alone' : (this.#company.get(rank) ?? 'waiting');
  }
}
