import { setImmediate as endOfTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TaskStopped } from '../../src/client/task/task-failure.ts';
import { ElementCall } from '../../src/client/worker/element-call.ts';
import { ManualClock } from '../support/manual-clock.ts';

function callWith(timeout = Infinity) {
  const clock = new ManualClock();
  const left: string[] = [];
  const call = new ElementCall({ clock, timeout, endOfTurn, onLeftRunning: (why) => left.push(why) });
  return { clock, call, left };
}
const never = (): Promise<never> => new Promise(() => undefined);
const CANCELLED = new TaskStopped({ code: 'cancelled', message: 'the batch was cancelled' });

it('a call has its result, or throws what its function throws, and leaves no timer', async () => {
  const { clock, call } = callWith(100);
  expect(await call.resultOf(() => 1)).toBe(1);
  expect(await call.resultOf(() => Promise.resolve(2))).toBe(2);
  await expect(
    call.resultOf(() => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await expect(call.resultOf(() => Promise.reject(new Error('later')))).rejects.toThrow('later');
  expect([clock.running, call.fail(new Error('too late'))]).toEqual([0, false]);
});

it('a call that takes longer than its timeout is asked to end, and abandoned after 500 ms', async () => {
  const { clock, call, left } = callWith(100);
  const { signal } = call;
  const result = call.resultOf(never).catch((error: unknown) => error);
  clock.advance(99);
  expect(signal.aborted).toBe(false);
  clock.advance(1);
  expect(signal.reason).toMatchObject({ code: 'timed-out' });
  clock.advance(499);
  expect(left).toEqual([]);
  clock.advance(1);
  expect([left, await result]).toMatchObject([['timed-out'], { code: 'timed-out' }]);
  expect(clock.running).toBe(0);
});

it('a call that heeds its signal in time has failed all the same, and its worker stays', async () => {
  const { clock, call, left } = callWith(100);
  const { signal } = call;
  const heeding = new Promise((resolve) => signal.addEventListener('abort', () => resolve('half')));
  const result = call.resultOf(() => heeding).catch((error: unknown) => error);
  clock.advance(100);
  expect(await result).toMatchObject({ code: 'timed-out' });
  expect([left, clock.running]).toEqual([[], 0]);
});

it('a call that is stopped fails with the first reason, whatever it throws', async () => {
  const { clock, call, left } = callWith();
  const thrown = Promise.resolve().then(() => {
    throw new Error('aborted');
  });
  call.stop(CANCELLED);
  // Alone in its process, it is not abandoned.
  expect(clock.running).toBe(0);
  call.stop(new TaskStopped({ code: 'timed-out', message: 'later' }));
  await expect(call.resultOf(() => thrown)).rejects.toBe(CANCELLED);
  expect([left, clock.running]).toEqual([[], 0]);
});

it('a call among others is abandoned 350 ms after it was stopped, whatever its timeout', async () => {
  const { clock, call, left } = callWith(100);
  const result = call.resultOf(never).catch((error: unknown) => error);
  call.stop(CANCELLED, true);
  expect(clock.running).toBe(1);
  clock.advance(349);
  expect(left).toEqual([]);
  clock.advance(1);
  expect([left, await result]).toEqual([['cancelled'], CANCELLED]);
});

it('a call may be failed while it runs, also in the turn of its result', async () => {
  const { call } = callWith();
  const result = call.resultOf(() => Promise.resolve(1)).catch((error: unknown) => error);
  await Promise.resolve();
  expect(call.fail(new Error('an unhandled rejection'))).toBe(true);
  expect(await result).toMatchObject({ message: 'an unhandled rejection' });
});
