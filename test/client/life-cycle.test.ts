import { describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { LifeCycle, LifeCycleTable } from '../../src/client/life-cycle.ts';
import { batchChecks } from '../machines/checks/batch.ts';
import { callValueChecks } from '../machines/checks/call-value.ts';
import { clientLeaseChecks } from '../machines/checks/client-lease.ts';
import { clientSessionChecks } from '../machines/checks/client-session.ts';
import { leftValueChecks } from '../machines/checks/left-value.ts';
import { ownerSearchChecks } from '../machines/checks/owner-search.ts';
import { sleighPoolChecks } from '../machines/checks/sleigh-pool.ts';
import { Recording } from '../support/chart.ts';

const toggle = createMachine({
  initial: 'off',
  states: { off: { on: { toggle: { target: 'on', actions: 'note' } } }, on: { on: { toggle: 'off' } } },
});

describe.each([
  batchChecks,
  callValueChecks,
  clientLeaseChecks,
  clientSessionChecks,
  leftValueChecks,
  ownerSearchChecks,
  sleighPoolChecks,
])('the life cycle of $machine.id', ({ machine, table: { states, finals, finalTags, events } }) => {
  const table = new LifeCycleTable(machine);
  const tags = [...Object.values(states).map((state) => state.tags ?? []), ...Object.values(finalTags ?? {})];
  const paths = [...Object.values(states).map(({ after }) => after), ...Object.values(finals)];

  it.each(paths.map((path) => [path]))('after %j, does the same as XState on each event', (path) => {
    for (const last of Object.keys(events)) {
      const calls: string[] = [];
      const commands = Object.keys(machine.implementations.actions).map(
        (name) => [name, () => void calls.push(name)] as const,
      );
      const life = new LifeCycle<{ type: string }, string, string>(table, Object.fromEntries(commands));
      const recording = new Recording(machine, undefined);
      for (const type of [...path, last]) {
        life.send({ type });
        // XState warns of an event after the last one.
        if (!recording.isDone) recording.send({ type });
      }
      const had = tags.flat().filter((tag) => life.has(tag));
      const expected = tags.flat().filter((tag) => recording.tags.includes(tag));
      expect([last, calls, had]).toEqual([last, recording.takeCalls(), expected]);
    }
  });
});

it('a life cycle computes each step once, and has one state for all ways to it', () => {
  const table = new LifeCycleTable(toggle);
  const { initial } = table;
  const there = table.step(initial, { type: 'toggle' });
  expect(table.step(initial, { type: 'toggle' })).toBe(there);
  expect(there.commands).toEqual(['note']);
  expect(table.step(there.target, { type: 'toggle' }).target).toBe(initial);
  expect(table.step(initial, { type: 'other' }).target).toBe(initial);
});
