import { expect } from 'vitest';
import { Job } from '../support/job.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import { refused } from '../support/replies.ts';
import type { Entries } from '../support/simulated-client.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

export const SESSION = 'a secret';
export const DEAD = refused('worker is dead');

/** A job with a sentinel that supervises its workers, of which the first ones have registered. */
export class Supervised {
  readonly job: Job;
  readonly server: SimulatedServer;
  readonly sentinel: Visitor;
  readonly workers: Visitor[];

  constructor(server: SimulatedServer, { ranks, registered }: Size, options: Entries = {}) {
    this.server = server;
    this.job = new Job(server, { onDeadWorker: 'requeue', ...options });
    this.sentinel = this.job.visitor();
    for (let n = 0; n < ranks; n++)
      this.sentinel.get('fetch', 'worker_ids', { metadata: { session: SESSION } });
    this.workers = Array.from({ length: registered }, (_, rank) => this.job.worker(rank));
  }

  worker(rank: number): Visitor {
    const worker = this.workers[rank];
    if (worker === undefined) throw new Error(`nobody is registered under ${rank}`);
    return worker;
  }

  /** On a connection of its own, because that of the sentinel may be blocked. */
  report(rank: number, metadata: Entries = {}, session = SESSION): Reply {
    return this.once((who) => who.store('worker_dead', String(rank), { metadata: { session, ...metadata } }));
  }

  askToReplace(replaces: number | string, session = SESSION): Reply {
    const metadata = { session, replaces: String(replaces) };
    return this.once((who) => who.get('fetch', 'worker_ids', { metadata }));
  }

  replace(rank: number): Visitor {
    expect(this.askToReplace(rank)).toMatchObject({ value: String(rank), metadata: { allocated: '1' } });
    const worker = this.job.worker(rank);
    this.workers[rank] = worker;
    return worker;
  }

  once(act: (who: Visitor) => Reply): Reply {
    const who = this.job.visitor();
    const reply = act(who);
    who.leave();
    return reply;
  }

  groupOf(rank: number): string | undefined {
    return new RegExp(`^(\\w+) workers\\n(?: {2}- .*\\n)*? {2}- Worker ${rank}:`, 'm').exec(
      this.job.master.read('agentStatus') ?? '',
    )?.[1];
  }

  /** Ranks and values of a batch; `null` is a null result. */
  answers(batchId?: string): [rank: string | undefined, value: string | null | undefined][] {
    return this.job
      .results(batchId)
      .map(({ metadata, value }) => [metadata['nwsWorkerRank'], metadata['nwsNull'] === '1' ? null : value]);
  }

  work(rank: number): string | undefined {
    const { value } = this.worker(rank).get('fetch', 'task');
    this.worker(rank).store('result', `${value} by ${rank}`);
    return value;
  }
}

interface Size {
  ranks: number;
  registered: number;
}

export const TWO: Size = { ranks: 2, registered: 2 };
export const OPEN: Size = { ranks: 3, registered: 2 };

export const supervised = (size: Size, body: (it: Supervised) => void, options: Entries = {}) =>
  simulated((server) => body(new Supervised(server, size, options)));
