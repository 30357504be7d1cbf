import { actorOf, type ActorState } from '../actors/actor.ts';
import type { Sentinel, Worker } from './agents.ts';
import type { AgentRecords } from './agent-records.ts';
import type { JobHost } from './job-host.ts';

/** Creates the actors of workers and sentinels, whose changes are recorded. */
export class AgentActors {
  readonly #job: JobHost;
  readonly #records: AgentRecords;

  constructor(job: JobHost, records: AgentRecords) {
    this.#job = job;
    this.#records = records;
  }

  /** @param restored the state of an actor of before a restart, which it continues */
  sentinel(input: { id: number; rank: number }, restored?: ActorState): Sentinel['actor'] {
    const { supervisor: parent, machines } = this.#job;
    const { id } = input;
    const changed = this.#records.ofSentinel(id);
    return actorOf(machines.sentinel, { parent, id: `sentinel.${id}`, input, restored, changed });
  }

  /** @param restored the state of an actor of before a restart, which it continues */
  worker(rank: number, { session }: Pick<Sentinel, 'session'>, restored?: ActorState): Worker['actor'] {
    const { supervisor: parent, machines, options } = this.#job;
    const { reconnectGrace, join } = options;
    const input = {
      rank,
      isSupervised: session !== undefined,
      isElastic: join === 'elastic',
      reconnectGrace,
    };
    const changed = this.#records.ofWorker(rank);
    return actorOf(machines.worker, { parent, id: `worker.${rank}`, input, restored, changed });
  }
}
