import { describe, expect, it } from 'vitest';
import { LifeCycle, LifeCycleTable } from '../../src/client/life-cycle.ts';
import {
  callValueMachine,
  type CallValueCommand,
  type CallValueEvent,
  type CallValueTag,
} from '../../src/machines/pool/call-value.ts';

type Type = CallValueEvent['type'];

/** The life after these events, and how often the value was fetched. */
function after(events: readonly Type[]): { leaves: boolean; fetched: number } {
  let fetched = 0;
  const life = new LifeCycle<CallValueEvent, CallValueCommand, CallValueTag>(
    new LifeCycleTable(callValueMachine),
    { fetchValue: () => void fetched++ },
  );
  for (const type of events) life.send({ type });
  return { leaves: life.has('leaves'), fetched };
}

describe('the value of a call', () => {
  it.each<[Type[], boolean]>([
    [[], false],
    [['taken'], true],
    [['taken', 'taken'], true],
    [['taken', 'awaited'], false],
    [['awaited', 'taken'], false],
    [['sent', 'taken'], false],
    [['taken', 'sent'], false],
    [['taken', 'settled'], false],
    [['taken', 'awaited', 'sent', 'taken'], false],
    [['settled', 'taken'], false],
  ])('after %j stays at the server: %s (S35.1)', (events, leaves) => {
    expect(after(events).leaves).toBe(leaves);
  });

  it.each<[Type[], number]>([
    [['taken', 'sent', 'left'], 0],
    [['taken', 'sent', 'left', 'taken'], 0],
    [['taken', 'sent', 'left', 'awaited'], 1],
    [['taken', 'sent', 'left', 'awaited', 'awaited', 'taken'], 1],
    [['taken', 'sent', 'awaited'], 0],
    [['taken', 'sent', 'awaited', 'awaited', 'left'], 1],
    [['taken', 'sent', 'awaited', 'left', 'awaited', 'settled', 'awaited'], 1],
    [['taken', 'sent', 'settled', 'awaited'], 0],
    [['taken', 'sent', 'awaited', 'settled', 'left'], 0],
    [['taken', 'sent', 'left', 'settled', 'awaited'], 0],
    [['taken', 'awaited', 'sent', 'settled', 'left'], 0],
    [['sent', 'awaited', 'settled', 'awaited'], 0],
  ])('after %j was fetched %i times (S35.2)', (events, fetched) => {
    expect(after(events).fetched).toBe(fetched);
  });
});
