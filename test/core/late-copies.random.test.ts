import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byForm } from '../support/form.ts';
import { Job } from '../support/job.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import { OK } from '../support/replies.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import type { Visitor } from '../support/visitor.ts';

// S17 and S18 together: workers join late and get the broadcasts that came before them, and any of them may lose its
// connection with a task or a copy that it has got, or that never reached it.

const who = fc.nat({ max: 3 });
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('broadcast' as const), isForAll: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('task' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('fetch' as const), who, isLost: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), who, isLost: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reconnect' as const), who }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A worker, and what the clauses say that it must get. */
class Member {
  readonly rank: number;
  readonly due: string[];
  visitor: Visitor | undefined;
  current: string | undefined;
  /** The number of the last task that reached it (S18). */
  number: string | undefined;

  constructor(rank: number, due: readonly string[]) {
    this.rank = rank;
    this.due = [...due];
  }
}

/** Plays steps against a server, and against lists. */
class Play {
  readonly #server = new SimulatedServer();
  readonly #job = new Job(this.#server, { join: 'elastic', reconnectGrace: '60', onDeadWorker: 'requeue' });
  readonly #sentinel = this.#job.sentinel(0);
  readonly #members: Member[] = [];
  readonly #queue: string[] = [];
  readonly #lasting: string[] = [];
  /** What must be answered, as `name by rank`; a task may be answered by anybody. */
  readonly #answers: string[] = [];
  #names = 0;

  play(step: Step): void {
    switch (step.do) {
      case 'join': {
        const member = new Member(this.#job.rank(this.#sentinel), this.#lasting);
        this.#members.push(member);
        expect(this.#register(member)).toBe('0');
        return;
      }
      case 'broadcast':
        return this.#broadcast(step.isForAll);
      case 'task': {
        const name = `task ${++this.#names}`;
        this.#job.task(name, { batchId: 'all' });
        this.#queue.push(name);
        return;
      }
      case 'fetch':
        return this.#with(step.who, (member) => this.#fetch(member, step.isLost));
      case 'answer':
        return this.#with(step.who, (member) => this.#answer(member, step.isLost));
      case 'reconnect':
        return this.#with(step.who, (member) => this.#reconnect(member));
    }
  }

  #with(who: number, act: (member: Member) => void): void {
    const member = this.#members[who % Math.max(this.#members.length, 1)];
    if (member !== undefined) act(member);
  }

  #broadcast(isForAll: boolean): void {
    const name = `broadcast ${++this.#names}`;
    this.#job.broadcast(name, { batchId: 'all', reach: isForAll ? 'all' : 'present' });
    for (const { due } of this.#members) due.push(name);
    if (isForAll) this.#lasting.push(name);
  }

  /** @returns whether it is to have a task */
  #register(member: Member): string | undefined {
    const { rank, number } = member;
    member.visitor = this.#job.visitor();
    const metadata = { session: `session ${rank}`, ...(number === undefined ? {} : { doing: number }) };
    const reply = member.visitor.store('worker_ids', String(rank), { metadata });
    expect(reply.status).toBe(OK.status);
    return reply.metadata['nwsBusy'];
  }

  #reconnect(member: Member): void {
    member.visitor?.client.skip();
    member.visitor?.leave();
    expect(this.#register(member)).toBe(member.current === undefined ? '0' : '1');
  }

  /** @param isLost whether the reply never reaches the worker */
  #fetch(member: Member, isLost: boolean): void {
    if (member.current !== undefined) return;
    const reply = member.visitor?.get('fetchTry', 'task');
    const expected = member.due[0] ?? this.#queue[0];
    expect(nameIn(reply)).toBe(expected);
    if (expected === undefined || isLost) return this.#reconnect(member);
    if (member.due.length > 0) member.due.shift();
    else this.#queue.shift();
    member.current = expected;
    member.number = reply?.metadata['nwsTask'];
  }

  /** @param isLost whether the reply to the result is lost */
  #answer(member: Member, isLost: boolean): void {
    const name = member.current;
    if (name === undefined) return;
    expect(member.visitor?.store('result', name).status).toBe(OK.status);
    this.#answers.push(`${name} by ${member.rank}`);
    member.current = undefined;
    if (isLost) this.#reconnect(member);
  }

  /** Everybody does what is left, and every copy has one answer, of the worker that it was for. */
  end(): void {
    for (const member of this.#members)
      for (;;) {
        this.#answer(member, false);
        this.#fetch(member, false);
        if (member.current === undefined) break;
      }
    const results = this.#job.results('all');
    const answers = results.map(({ value, metadata }) => `${value} by ${metadata['nwsWorkerRank']}`);
    expect(answers).toEqual(this.#answers);
    this.#server.end();
  }
}

const nameIn = (reply: Reply | undefined): string | undefined =>
  reply?.status === OK.status ? reply.value : undefined;

describe('an elastic group whose workers join late and come back', () => {
  test('gives each copy to the worker that it is for, and each task to one, once (S8, S17, S18)', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
        const play = new Play();
        for (const step of steps) play.play(step);
        play.end();
      }),
      { numRuns: byForm(15, 60, 300) },
    );
  });
});
