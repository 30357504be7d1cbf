import { foundText, type PendingGet } from '../workspace/pending-get.ts';
import type { Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Sentinel } from './agents.ts';
import type { Crew } from './crew.ts';
import type { JobHost } from './job-host.ts';

interface HeartbeatsJob extends JobHost {
  readonly crew: Crew;
}

/** Sentinels that are blocked in `sentinel_alive` until the next heartbeat (S9). */
export class Heartbeats {
  readonly #blocked = new Set<Sentinel>();
  readonly #job: HeartbeatsJob;

  constructor(job: HeartbeatsJob) {
    this.#job = job;
  }

  get blockedSentinels(): number {
    return this.#blocked.size;
  }
  /** The gets that wait in `sentinel_alive`. */
  *asks(): Generator<PendingGet> {
    for (const { pendingGet: ask } of this.#blocked) if (ask !== undefined) yield ask;
  }

  hold(sentinel: Sentinel, ask: PendingGet): void {
    const { timers, options, crew } = this.#job;
    sentinel.pendingGet = ask;
    this.#blocked.add(sentinel);
    crew.changed(sentinel);
    ask.wait(() => {
      this.#blocked.delete(sentinel);
      sentinel.pendingGet = undefined;
    });
    if (timers.isRunning('waking')) return;
    timers.start('waking', options.sentinelRefreshPeriod, () => {
      this.#job.inSteps(this.#wake([...this.#blocked]));
    });
  }

  *#wake(sentinels: readonly Sentinel[]): Steps {
    yield* eachInSteps(sentinels, (blocked) => {
      if (this.#blocked.has(blocked)) blocked.actor.send({ type: 'heartbeat.came' });
    });
    this.#job.emit?.({ type: 'woke_sentinels', sentinels: sentinels.length });
  }

  /** @param word 0 means continue, 1 means stop */
  unblock(sentinel: Sentinel, word: '0' | '1'): void {
    this.#blocked.delete(sentinel);
    this.#job.crew.changed(sentinel);
    sentinel.pendingGet?.answer(foundText(word));
    sentinel.pendingGet = undefined;
  }

  /** S16. */
  *refuseEveryone(reason: Refusal): Steps {
    yield* eachInSteps(this.#blocked, (sentinel) => {
      sentinel.pendingGet?.refuse(reason);
      this.#blocked.delete(sentinel);
    });
  }
}
