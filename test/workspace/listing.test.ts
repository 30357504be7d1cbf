import { describe, expect, test } from 'vitest';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { Listing, listVariables, listWorkspaces } from '../../src/workspace/listing.ts';
import { MemoryBudget } from '../../src/workspace/memory-budget.ts';
import { isRefusal, type Refusal } from '../../src/workspace/refusal.ts';
import type { Steps } from '../../src/workspace/steps.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

/** The memory of a part in addition to its text. */
const OVERHEAD = 40;
const SMALL = BOUNDS.smallListingBytes.value;

const budgetOf = (memoryBytes: number): MemoryBudget =>
  new MemoryBudget({ ...DEFAULT_LIMITS, memoryBytes }, () => 0);

/** A listing with one part that takes that many bytes. */
function listingOf(bytes: number, budget: MemoryBudget): Listing {
  const listing = new Listing(budget, undefined);
  listing.add('x'.repeat(bytes - OVERHEAD));
  return listing;
}

describe('the memory of a listing (P12)', () => {
  test('is refused when there is none, unless the listing is small', () => {
    const budget = budgetOf(0);
    expect(listingOf(SMALL, budget).settle()).toBeUndefined();
    expect(budget.byKind.listings).toBe(SMALL);
    expect(listingOf(SMALL + 1, budget).settle()?.limit).toBe('memoryBytes');
    expect(budget.byKind.listings).toBe(SMALL);
  });

  test('is needed only for what was added since, and is given back whole when there is no more', () => {
    const budget = budgetOf(50_000);
    const listing = listingOf(30_000, budget);
    expect(listing.settle()).toBeUndefined();
    listing.add('x'.repeat(10_000));
    expect(listing.settle()).toBeUndefined();
    expect(budget.byKind.listings).toBe(40_000 + OVERHEAD);
    listing.add('x'.repeat(10_000));
    expect(listing.settle()?.limit).toBe('memoryBytes');
    expect([budget.byKind.listings, listing.next()]).toEqual([0, undefined]);
  });

  test('is given back when it is dropped, and nothing more of the listing is sent', () => {
    const budget = budgetOf(50_000);
    const listing = listingOf(30_000, budget);
    listing.settle();
    listing.drop();
    expect([budget.byKind.listings, listing.next()]).toEqual([0, undefined]);
  });
});

test('a listing is sent in pieces of about 64 KiB', () => {
  const listing = new Listing(budgetOf(1_000_000), undefined);
  const parts = [30_000, 35_536, 65_535, 1, 10].map((length, n) => String(n).repeat(length));
  for (const part of parts) listing.add(part);
  const [a = '', b = '', c = '', d = '', e = ''] = parts;
  expect([listing.next(), listing.next(), listing.next(), listing.next()]).toEqual([
    a + b,
    c + d,
    e,
    undefined,
  ]);
});

/** A workspace with that many variables whose names have four characters. */
function workspaceWith(server: SimulatedServer, name: string, variables: number): Workspace {
  server.connect().call(['use ws', name, '', 'no']);
  const workspace = server.core.workspaces.find(name);
  if (workspace === undefined) throw new Error(`there is no workspace ${name}`);
  for (let n = 0; n < variables; n++) workspace.variable(String(1_000 + n));
  return workspace;
}

/** Takes all steps. @returns the sizes of the listing in the pauses, and the outcome */
function play(listing: Listing, steps: Steps<Refusal | undefined>) {
  const sizes = new Set<number>();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return { sizes: [...sizes].filter((size) => size > 0), outcome: value };
    sizes.add(listing.size);
  }
}

describe('a long listing (P14)', () => {
  const LINE = '1000\t0\t0\t0\tunknown'.length;

  test('of variables is made in steps of 256 of them, whose memory is accounted for', () => {
    const workspace = workspaceWith(new SimulatedServer(), 'w', 513);
    const listing = new Listing(budgetOf(1_000_000), undefined);
    const { sizes, outcome } = play(listing, listVariables(workspace, listing));
    expect(outcome).toBeUndefined();
    expect(sizes).toEqual([256 * LINE + 255, 512 * LINE + 511]);
    expect(listing.size).toBe(513 * LINE + 512);
  });

  test('of variables ends at the first step for which there is no memory', () => {
    const workspace = workspaceWith(new SimulatedServer(), 'w', 513);
    const listing = new Listing(budgetOf(0), undefined);
    const { sizes, outcome } = play(listing, listVariables(workspace, listing));
    expect([sizes, isRefusal(outcome)]).toEqual([[], true]);
    expect(listing.size).toBe(256 * LINE + 255);
  });

  test('of workspaces is made in steps of 256 variables and of one workspace', () => {
    const server = new SimulatedServer();
    const workspaces = [workspaceWith(server, 'a', 300), workspaceWith(server, 'b', 0)];
    const [client] = server.core.connections;
    if (client === undefined) throw new Error('nobody is connected');
    const listing = new Listing(budgetOf(1_000_000), undefined);
    const first = ' a\t\tFalse\t300\t'.length;
    const whole = first + 300 * 4 + 299;
    const second = '\n b\t\tFalse\t0\t'.length;
    const { sizes, outcome } = play(listing, listWorkspaces(workspaces, client, listing));
    expect(outcome).toBeUndefined();
    expect(sizes).toEqual([first, first + 256 * 4 + 255, whole, whole + second]);
    expect(listing.size).toBe(whole + second + 1);
  });

  test('of workspaces ends at the first step for which there is no memory', () => {
    const server = new SimulatedServer();
    const workspaces = [workspaceWith(server, 'a', 300), workspaceWith(server, 'b', 0)];
    const [client] = server.core.connections;
    if (client === undefined) throw new Error('nobody is connected');
    const listing = new Listing(budgetOf(0), undefined);
    const { outcome } = play(listing, listWorkspaces(workspaces, client, listing));
    expect(isRefusal(outcome)).toBe(true);
    expect(listing.size).toBe(' a\t\tFalse\t300\t'.length + 256 * 4 + 255);
  });
});
