import type { Reply } from '../../src/verify/client-codec.ts';
import { OK } from './replies.ts';
import type { Entries } from './simulated-client.ts';
import type { SimulatedServer } from './simulated-server.ts';
import { Visitor } from './visitor.ts';

const WORKSPACE = 'job';

interface Crew {
  readonly sentinel: Visitor;
  readonly workers: readonly Visitor[];
}

/** One sleigh workspace, and the clients that use it. */
export class Job {
  readonly server: SimulatedServer;
  /** The client that opened the workspace, which is deleted with it. */
  readonly owner: Visitor;
  readonly master: Visitor;

  /** @param persistent whether the job stays when its owner has left (W6) */
  constructor(server: SimulatedServer, options: Entries = {}, persistent = true) {
    this.server = server;
    this.owner = new Visitor(server.connect(), WORKSPACE);
    const made = this.owner.client.call(['open ws', WORKSPACE, 'owner', persistent ? 'yes' : 'no'], {
      wstype: 'sleigh',
      ...options,
    });
    if (made.status !== OK.status) throw new Error(made.reason);
    this.master = this.visitor();
  }

  visitor(): Visitor {
    return Visitor.of(this.server, WORKSPACE);
  }

  /** A sentinel that has been assigned a number of ranks. */
  sentinel(ranks = 1): Visitor {
    const sentinel = this.visitor();
    for (let n = 0; n < ranks; n++) this.rank(sentinel);
    return sentinel;
  }

  rank(sentinel: Visitor): number {
    return Number(sentinel.get('fetch', 'worker_ids').value);
  }

  /** A connection that registers as the worker of that rank. */
  worker(rank: number, description: Entries = {}): Visitor {
    const worker = this.visitor();
    const reply = worker.store('worker_ids', String(rank), { metadata: description });
    if (reply.status !== OK.status) throw new Error(reply.reason);
    return worker;
  }

  /**
   * A sentinel with a number of registered workers. The group is then closed, because every assigned rank has
   * registered (S4), unless there is another maximum.
   */
  crew(size: number): Crew {
    const sentinel = this.visitor();
    const ranks = Array.from({ length: size }, () => this.rank(sentinel));
    return { sentinel, workers: ranks.map((rank) => this.worker(rank)) };
  }

  /** Like `crew`, with one more rank assigned, so that the group stays open. */
  openCrew(size: number): Crew {
    const sentinel = this.sentinel(size + 1);
    return { sentinel, workers: Array.from({ length: size }, (_, rank) => this.worker(rank)) };
  }

  /** Closes the group: at once, or when the join phase that a broadcast began ends. */
  close(): void {
    const asker = this.visitor();
    asker.ask('find', 'status', { metadata: { delay: '0' } });
    this.server.advance(0);
    if (asker.isWaiting) this.server.advance(60_000);
    if (asker.isWaiting) throw new Error('the group did not close');
    asker.leave();
  }

  task(value: string, metadata: Entries = {}): Reply {
    return this.master.store('task', value, { metadata });
  }

  broadcast(value: string, metadata: Entries = {}): Reply {
    return this.master.store('broadcast', value, { metadata });
  }

  /** All available results of a batch. */
  results(batchId?: string): Reply[] {
    const results: Reply[] = [];
    const taker = this.visitor();
    for (;;) {
      const reply = taker.get('fetchTry', 'result', batchId === undefined ? {} : { metadata: { batchId } });
      if (reply.status !== OK.status) break;
      results.push(reply);
    }
    taker.leave();
    return results;
  }

  /** `join_status`. */
  get phase(): string {
    return this.master.read('join_status') ?? '';
  }

  /** Pending and running, of one batch or of all (S10). */
  status(batchId?: string): { pending: number; running: number } {
    const metadata = batchId === undefined ? { all: '1' } : { batchId };
    const visitor = this.visitor();
    const reply = visitor.get('findTry', 'jobStatus', { metadata });
    visitor.leave();
    return {
      pending: Number(reply.metadata['nwsPending']),
      running: Number(reply.metadata['nwsRunning']),
    };
  }

  /** The job shuts down, or has ended. */
  get isShuttingDown(): boolean {
    const visitor = this.visitor();
    const reply = visitor.get('findTry', 'result', { metadata: { batchId: 'none such' } });
    visitor.leave();
    return reply.reason === 'sleigh is dead';
  }
}
