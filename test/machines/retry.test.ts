import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { retryMachine, type RetryEvent } from '../../src/machines/pool/retry.ts';

/** @returns what the machine commands for each event, and its last state */
function run(attempts: number, events: readonly RetryEvent[]): { commands: string[][]; state: unknown } {
  let latest: string[] = [];
  const machine = retryMachine.provide({
    actions: {
      startTimer: (_, { milliseconds }) => void latest.push(`wait ${milliseconds}`),
      stopTimer: () => void latest.push('stop'),
      tryAgain: (_, { attempt }) => void latest.push(`attempt ${attempt}`),
      reportUnexpected: () => void latest.push('unexpected'),
    },
  });
  const actor = createActor(machine, { input: { attempts } }).start();
  const commands = events.map((event) => {
    latest = [];
    actor.send(event);
    return latest;
  });
  return { commands, state: actor.getSnapshot().value };
}

const failed = (attempt: number, mayRetry = true): RetryEvent => ({
  type: 'attempt.failed',
  attempt,
  mayRetry,
  milliseconds: 10 * attempt,
});
const elapsed: RetryEvent = { type: 'timer.elapsed' };
const withdrawn: RetryEvent = { type: 'withdrawn' };

describe('a failed element', () => {
  it('waits before each further attempt, until none is left (S27.1, S27.2)', () => {
    expect(run(3, [failed(1), elapsed, failed(2), elapsed, failed(3)])).toEqual({
      commands: [['wait 10'], ['stop', 'attempt 2'], ['wait 20'], ['stop', 'attempt 3'], []],
      state: 'givenUp',
    });
  });

  it('counts attempts that the server has repeated (S26)', () => {
    expect(run(4, [failed(3), elapsed]).commands.at(-1)).toEqual(['stop', 'attempt 4']);
    expect(run(3, [failed(3)]).state).toBe('givenUp');
  });

  it('is not tried again after a failure that is not retried (S27.1)', () => {
    expect(run(3, [failed(1, false)])).toEqual({ commands: [[]], state: 'givenUp' });
    expect(run(3, [failed(1), elapsed, failed(2, false)]).state).toBe('givenUp');
  });

  it('is not tried again when its batch does not want it (S27.3)', () => {
    expect(run(3, [failed(1), withdrawn])).toEqual({ commands: [['wait 10'], ['stop']], state: 'givenUp' });
    expect(run(3, [failed(1), elapsed, withdrawn]).state).toBe('givenUp');
  });

  it('cannot fail while it waits', () => {
    expect(run(3, [failed(1), failed(1)])).toEqual({
      commands: [['wait 10'], ['unexpected']],
      state: 'waiting',
    });
    expect(run(3, [elapsed])).toEqual({ commands: [['unexpected']], state: 'trying' });
  });
});
