import { VARIABLE, VERB } from '../../wire/names.ts';
import { Job, period, SUPERVISOR } from '../job.ts';
import type { TestPath } from '../model.ts';
import type { Pending, ProtocolClient, Details } from '../protocol-client.ts';

/** The short delay in the machine; the test path sets its real duration. */
export const SHORT = 1;

/** The sessions with which workers come back (S18). */
const SESSION: Session = { session: 'its own' };
type Session = Readonly<Record<'session', string>>;

/** A job with sentinels of one rank each, workers, and clients that wait for the group to close or to be complete. */
export class JoinPhaseFixture {
  readonly job: Job;
  /** By their ranks. */
  readonly sentinels: ProtocolClient[] = [];
  readonly workers: { readonly rank: number; readonly session: Session; protocolClient: ProtocolClient }[] =
    [];
  readonly waiting: Pending[] = [];
  readonly #short: string;
  /** The rank whose worker is being replaced (S19). */
  #replaced = 0;
  #replacedSession = SESSION;
  #replacements = 0;

  private constructor(job: Job, short: string) {
    this.job = job;
    this.#short = short;
  }

  static async open(testPath: TestPath, options: Details): Promise<JoinPhaseFixture> {
    const always = { onDeadWorker: 'null', reconnectGrace: '60' };
    const job = await Job.open(testPath.target.server, { ...always, ...options });
    return new JoinPhaseFixture(job, period(testPath, 0.8, 60));
  }

  close(): void {
    this.job.close();
  }

  /** Seconds, as in metadata or values. */
  seconds(delay: number): string {
    return delay === SHORT ? this.#short : String(delay);
  }

  /** Assigns a rank to a sentinel of its own. */
  async declare(rank: number): Promise<void> {
    const sentinel = await this.job.guest();
    await this.job.mustGet(sentinel, [VERB.fetch, VARIABLE.workerIds], { value: String(rank) }, SUPERVISOR);
    if (rank >= 0) this.sentinels[rank] = sentinel;
  }

  async register(rank: number, session: Session = SESSION): Promise<void> {
    const protocolClient = await this.job.guest();
    this.workers.push({ rank, session, protocolClient });
    await this.job.mustStore(protocolClient, [VARIABLE.workerIds, String(rank)], {}, session);
  }

  /** S18: on another connection, before the server knows that the first one has closed. */
  async comeBack(): Promise<void> {
    const [worker] = this.workers;
    if (worker === undefined) throw new Error('nobody is registered');
    const old = worker.protocolClient;
    worker.protocolClient = await this.job.guest();
    await this.job.mustStore(
      worker.protocolClient,
      [VARIABLE.workerIds, String(worker.rank)],
      {},
      worker.session,
    );
    await this.job.leave(old);
  }

  /** S19: for the worker that registered first. */
  async replace(): Promise<void> {
    const worker = this.workers.shift();
    if (worker === undefined) throw new Error('nobody is registered');
    this.#replaced = worker.rank;
    this.#replacedSession = worker.session;
    await this.job.mustReplace(String(worker.rank), { value: String(worker.rank) });
    await this.job.leave(worker.protocolClient);
  }

  /** S18, S19: a replaced worker does not come back. */
  async mustRefuseReplaced(): Promise<void> {
    const refused = {
      status: '0001',
      reason: `Worker registration failed: the worker of rank ${this.#replaced} is dead.`,
    };
    await this.job.asStranger((late) =>
      this.job.mustStore(late, [VARIABLE.workerIds, String(this.#replaced)], refused, this.#replacedSession),
    );
  }

  registerReplacement(): Promise<void> {
    return this.register(this.#replaced, { session: `replacement ${++this.#replacements}` });
  }

  /** S17: all waiting clients are answered. */
  async mustReply(number: number): Promise<void> {
    for (const pending of this.waiting.splice(0))
      await this.job.mustBeTold('who waits for the group', pending, { value: String(number) });
  }

  /** A client asks for the number of workers, and waits. */
  async wait(variable: string, delay: string | undefined): Promise<void> {
    const { job } = this;
    const asker = await job.guest();
    this.waiting.push(job.beginToGet(asker, VERB.find, variable, delay === undefined ? {} : { delay }));
    // A client that waits for the group is not visible; a request two round trips later follows it.
    for (let n = 0; n < 2; n++) await job.get(job.master, VERB.find, VARIABLE.joinStatus);
  }
}
