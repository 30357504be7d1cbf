import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { Listing } from '../../src/workspace/listing.ts';
import { COST, MemoryBudget } from '../../src/workspace/memory-budget.ts';
import { ServerAccounting, StorageAccounting } from '../../src/workspace/storage-accounting.ts';
import { timeOfDay } from '../../src/workspace/time-of-day.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';
import { it } from '../support/on-server.ts';
import { Visitor } from '../support/visitor.ts';

// The edges of workspaces that the mutation run found untested.

describe('the memory of a workspace (P12)', () => {
  test('takes a value that fits exactly, and none that is one byte larger', () => {
    const value = { descriptor: 1, payload: 'xyz', metadata: NO_METADATA, owner: undefined };
    const server = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
    const quota = COST.value + value.payload.length;
    expect(new StorageAccounting(server, quota).refusal(value)).toBeUndefined();
    expect(new StorageAccounting(server, quota - 1).refusal(value)?.limit).toBe('workspaceMemoryBytes');
  });

  test('is given back once by a listing, however often it is dropped', () => {
    const budget = new MemoryBudget(DEFAULT_LIMITS, () => 0);
    const listing = new Listing(budget, undefined);
    listing.add('a part');
    listing.settle();
    expect(budget.byKind.listings).toBeGreaterThan(0);
    listing.drop();
    listing.drop();
    expect(budget.byKind.listings).toBe(0);
  });
});

test('the time of day has two digits for hours, minutes and seconds, and a space before a short day (V11)', () => {
  expect(timeOfDay(new Date(2026, 0, 4, 1, 2, 3))).toBe('Sun Jan  4 01:02:03 2026');
});

it('a variable with the time of day is listed with one value (V8, V11)', (server) => {
  const visitor = Visitor.of(server, 'w');
  visitor.declare('now', '__time');
  expect(visitor.list()).toEqual(['now\t1\t0\t0\t__time']);
});

it('a value of the time of day has the id of its variable (V9, V11)', (server) => {
  const visitor = Visitor.of(server, 'w');
  visitor.declare('now', '__time');
  const { variableId } = visitor.get('find', 'now');
  expect(variableId).toHaveLength(20);
  expect(visitor.get('find', 'now').variableId).toBe(variableId);
});
