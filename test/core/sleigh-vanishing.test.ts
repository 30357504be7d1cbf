import { describe, expect, test } from 'vitest';
import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import { JobPlay, type Step } from '../support/job-play.ts';
import { isShort } from '../support/form.ts';

const ask = (who: number): Step => ({ do: 'askForTask', who, waits: true });
const finish = (who: number): Step => ({ do: 'storeResult', who });
const task: Step = { do: 'storeTask', batch: 'a', size: 7_000 };
const broadcast: Step = { do: 'storeBroadcast', batch: 'b', size: 7_000 };
const master = (who: number, batch: 'a' | 'b'): Step => ({ do: 'askForResult', who, batch, waits: true });
const hire: Step = { do: 'hire', ranks: 2 };
const register = (who: number): Step => ({ do: 'register', who });
const timer: Step = { do: 'fireTimer' };

/** A job in which every client sends every request of its role. */
const SCRIPT: readonly Step[] = [
  hire,
  hire,
  { do: 'setMaximum', spare: 1 },
  register(0),
  { do: 'askAlive', who: 0 },
  register(1),
  ask(1),
  broadcast,
  master(0, 'b'),
  register(2),
  { do: 'askStatus', delay: 5 },
  ask(0),
  finish(0),
  { do: 'waitForWorkers', delay: 50 },
  register(3),
  timer,
  task,
  task,
  task,
  ask(3),
  finish(1),
  ask(1),
  master(1, 'a'),
  ask(0),
  broadcast,
  timer,
  { do: 'askAlive', who: 0 },
  { do: 'askAlive', who: 1 },
  finish(0),
  ask(0),
  finish(0),
  ask(0),
];

type Vanishes = Extract<Step, { do: 'vanish' }>;

const party = (party: Vanishes['party'], ...numbers: number[]): Vanishes[] =>
  numbers.map((who) => ({ do: 'vanish', party, who }));

/** The first death ends a job under `shutdown`, so a few cases are enough there. */
const CASES: [DeathPolicy, readonly Vanishes[]][] = [
  ['requeue', [...party('worker', 0, 1, 3), ...party('sentinel', 0, 1), ...party('master', 0, 1)]],
  ['null', [...party('worker', 0, 1, 3), ...party('sentinel', 0, 1), ...party('master', 0)]],
  ['shutdown', [...party('worker', 1), ...party('sentinel', 0), ...party('master', 1)]],
];

/** The short form tries each step under one of the policies, and without one of the clients. */
const isTried = (policy: DeathPolicy, at: number): boolean =>
  !isShort || CASES[at % CASES.length]?.[0] === policy;

describe.each(CASES)('a job from which a client disconnects, under the policy %s,', (policy, parties) => {
  test.each(SCRIPT.map((step, at) => [at, step.do] as const).filter(([at]) => isTried(policy, at)))(
    'keeps no client waiting in vain, loses no task and leaves nothing behind after step %d, %s (S13, S14, S16)',
    (at) => {
      const first = Math.floor(at / CASES.length) % parties.length;
      for (const vanishes of isShort ? parties.slice(first, first + 1) : parties) {
        const play = new JobPlay(policy);
        for (const step of SCRIPT.slice(0, at + 1)) play.step(step);
        play.step(vanishes);
        for (const step of SCRIPT.slice(at + 1)) play.step(step);
        play.finish();
        if (play.isServing) {
          const answered = play.results.filter(({ tag }) => tag.startsWith('task')).map(({ tag }) => tag);
          expect(new Set(answered).size).toBe(answered.length);
          expect(play.queued).toBe(0);
        }
        play.end();
      }
    },
  );

  test('keeps no client waiting and leaves nothing behind when its workspace is deleted after a step (S16)', () => {
    for (const at of SCRIPT.keys()) {
      if (!isTried(policy, at)) continue;
      const play = new JobPlay(policy);
      for (const step of SCRIPT.slice(0, at + 1)) play.step(step);
      play.end();
    }
  });
});
