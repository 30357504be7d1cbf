import { actorOf, type ActorOf, type ActorState } from '../actors/actor.ts';
import type { PendingStore } from '../machines/pending-store.ts';
import type { workMachine } from '../machines/work.ts';
import type { PendingGet } from '../workspace/pending-get.ts';
import { batchOf } from './batch-ref.ts';
import type { Crew } from './crew.ts';
import type { JobHost } from './job-host.ts';
import type { Work } from './work.ts';

/** What the intake needs of its job. */
interface IntakeJob extends JobHost {
  readonly crew: Crew;
  readonly work: Work;
}

/** The actor that every request for work goes through, with the facts that its machine decides by (S7, S8, S14). */
export class Intake {
  #actor: ActorOf<typeof workMachine> | undefined;
  readonly #job: IntakeJob;

  constructor(job: IntakeJob) {
    this.#job = job;
  }

  /** @param restored the state of the actor before a restart, which this one continues */
  start(restored?: ActorState): void {
    const { machines, supervisor: parent, changes } = this.#job;
    const changed = changes.isRecorded ? () => this.#job.changed() : undefined;
    this.#actor = actorOf(machines.work, { parent, id: 'work', input: undefined, restored, changed });
    this.#actor.start();
  }

  get actor(): ActorOf<typeof workMachine> {
    if (this.#actor === undefined) throw new Error('The job has not been started.');
    return this.#actor;
  }

  storeTask(store: PendingStore): void {
    this.actor.send({ type: 'task.stored', request: this.#job.requests.add(store) });
  }

  storeBroadcast(store: PendingStore): void {
    this.actor.send({ type: 'broadcast.stored', request: this.#job.requests.add(store) });
  }

  storeResult(store: PendingStore): void {
    const { requests, crew } = this.#job;
    const request = requests.add(store);
    this.actor.send({ type: 'result.stored', request, asker: crew.askerOf(store.client) });
  }

  getTask(get: PendingGet): void {
    const { requests, crew } = this.#job;
    const { takes, waits, client } = get;
    const request = requests.add(get);
    this.actor.send({ type: 'task.asked', request, asker: crew.askerOf(client), takes, waits });
  }

  getResult(get: PendingGet): void {
    const { requests, crew, work } = this.#job;
    const { waits, client } = get;
    const available = work.batches.available(batchOf(get.metadata));
    const request = requests.add(get);
    this.actor.send({ type: 'result.asked', request, asker: crew.askerOf(client), waits, available });
  }
}
