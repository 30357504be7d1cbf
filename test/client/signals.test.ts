import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Condition } from '../../src/client/condition.ts';
import { Waiting } from '../../src/client/connection/waiting.ts';
import { onAbort } from '../../src/client/master/abort-listeners.ts';
import { EitherSignal } from '../../src/client/master/either-signal.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { ManualClock } from '../support/manual-clock.ts';

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('listeners for a signal that lives long', () => {
  it('are one for Node, and are called in order when it aborts', () => {
    const order: number[] = [];
    const all = new AbortController();
    for (const n of [1, 2]) onAbort(all.signal, () => order.push(n));
    all.abort();
    expect(order).toEqual([1, 2]);
    const stop = new AbortController();
    const called: number[] = [];
    const removals = [1, 2, 3].map((n) => onAbort(stop.signal, () => called.push(n)));
    expect(listenersOf(stop.signal)).toBe(1);
    removals[1]?.();
    removals[1]?.();
    removals[0]?.();
    expect(listenersOf(stop.signal)).toBe(1);
    stop.abort();
    expect([called, listenersOf(stop.signal)]).toEqual([[3], 0]);
  });

  it('leave none behind when all are removed, and begin again', () => {
    const stop = new AbortController();
    const called: string[] = [];
    for (const remove of [1, 2].map(() => onAbort(stop.signal, () => called.push('before')))) remove();
    expect(listenersOf(stop.signal)).toBe(0);
    onAbort(stop.signal, () => called.push('after'));
    expect(listenersOf(stop.signal)).toBe(1);
    stop.abort();
    expect(called).toEqual(['after']);
  });
});

describe('one of two signals', () => {
  it.each([0, 1])('aborts with the reason of that one: %i', (which) => {
    const [first, second] = [new AbortController(), new AbortController()];
    using either = new EitherSignal(first.signal, second.signal);
    expect(either.signal.aborted).toBe(false);
    [first, second][which]?.abort('enough');
    expect(either.signal.reason).toBe('enough');
  });

  it('is aborted at once if one of them is', () => {
    using either = new EitherSignal(undefined, AbortSignal.abort('before'));
    expect([either.signal.aborted, either.signal.reason]).toEqual([true, 'before']);
  });

  it('leaves no listeners behind', () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const either = new EitherSignal(first.signal, second.signal);
    expect([listenersOf(first.signal), listenersOf(second.signal)]).toEqual([1, 1]);
    either[Symbol.dispose]();
    expect([listenersOf(first.signal), listenersOf(second.signal)]).toEqual([0, 0]);
    first.abort();
    expect(either.signal.aborted).toBe(false);
  });
});

describe('a wait', () => {
  it('ends by its timeout, with what was awaited', () => {
    const clock = new ManualClock();
    let ends = 0;
    using waiting = new Waiting({ timeout: 20 }, 'there is no x', clock);
    waiting.onEnd(() => ends++);
    clock.advance(19);
    expect([waiting.reason, ends]).toEqual([undefined, 0]);
    clock.advance(1);
    expect(waiting.reason).toMatchObject({
      code: 'timed-out',
      message: expect.stringMatching(/there is no x.*20/),
    });
    expect(ends).toBe(1);
  });

  it('ends by its signal, with the first reason, and tells those who ask later at once', () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    let ends = 0;
    using waiting = new Waiting({ timeout: 20, signal: stop.signal }, 'x', clock);
    stop.abort('enough');
    clock.advance(20);
    expect(waiting.reason).toBe('enough');
    waiting.onEnd(() => ends++);
    expect(ends).toBe(1);
  });

  it('leaves neither a timer nor a listener behind', () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const waiting = new Waiting({ timeout: 20, signal }, 'x', clock);
    expect([clock.running, listenersOf(signal)]).toEqual([1, 1]);
    waiting[Symbol.dispose]();
    expect([clock.running, listenersOf(signal)]).toEqual([0, 0]);
  });

  it('does not begin if its signal is aborted, or its limit is no duration', () => {
    const clock = new ManualClock();
    expect(() => new Waiting({ signal: AbortSignal.abort(new Error('before')) }, 'x', clock)).toThrow(
      'before',
    );
    expect(() => new Waiting({ timeout: -1 }, 'x', clock)).toThrow('`timeout`');
    expect(clock.running).toBe(0);
  });

  it('has a reason if its signal is aborted by an event without one', () => {
    const clock = new ManualClock();
    const signal = Object.assign(new EventTarget(), {
      aborted: false,
      reason: undefined,
      throwIfAborted: () => undefined,
    });
    using waiting = new Waiting({ signal: unsafeCast<AbortSignal>(signal) }, 'x', clock);
    signal.dispatchEvent(new Event('abort'));
    expect(waiting.reason).toBeInstanceOf(TypeError);
  });
});

it('a condition wakes all that wait, once', async () => {
  const changed = new Condition();
  const woken: string[] = [];
  for (const name of ['a', 'b']) void changed.wait().then(() => woken.push(name));
  changed.give();
  void changed.wait().then(() => woken.push('c'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(woken).toEqual(['a', 'b']);
  changed.give();
  await new Promise((resolve) => setImmediate(resolve));
  expect(woken).toEqual(['a', 'b', 'c']);
});
