import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { verifyClauses } from '../../src/verify/clauses.ts';
import { checkHistory } from '../../src/verify/history/check.ts';
import { recordLoad } from '../../src/verify/history/load.ts';
import type { Address } from '../../src/verify/protocol-client.ts';
import { AlteringProxy } from '../paths/altering-proxy.ts';
import { Random } from '../world/random.ts';
import { replacedMethod } from '../world/replaced-method.ts';
import { ALTERED_REPLIES, FAULTS, type CoreFault } from './faults.ts';
import { isShort } from '../../test/support/form.ts';

let server: Server;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
});
afterAll(() => server.close());

const TIME_LIMIT_MS = 60_000;
const PATIENCE_MS = 1_500;

async function violatedBy({ host, port }: Address): Promise<string[]> {
  const reports = await verifyClauses({ host, port }, undefined, PATIENCE_MS);
  return reports.flatMap(({ clause, failure }) => (failure === undefined ? [] : [clause]));
}

async function withFault<T>(
  { prototype, method, fault }: Pick<CoreFault, 'prototype' | 'method' | 'fault'>,
  run: () => Promise<T>,
): Promise<T> {
  const replaced = replacedMethod(prototype, method, fault);
  try {
    return await run();
  } finally {
    replaced[Symbol.dispose]();
  }
}

/** The number of loads, one of which shows a fault. */
const LOADS = 5;

const loadOn = async ({ host, port }: Address, seed = 1) => {
  const random = new Random(seed);
  return checkHistory(await recordLoad({ host, port }, { random: () => random.fraction() }));
};

/** A client that vanishes may explain one lost value, and how many vanish depends on the machine. */
async function isFoundByLoad(): Promise<boolean> {
  for (let seed = 1; seed <= LOADS; seed++)
    if ((await loadOn(server, seed)).violations.length > 0) return true;
  return false;
}

describe.skipIf(isShort)('a correct server', () => {
  it('violates no clause', { timeout: TIME_LIMIT_MS }, async () => {
    const reports = await verifyClauses(server);
    expect(reports.filter(({ failure }) => failure !== undefined)).toEqual([]);
  });

  it('produces only histories that violate no clause', { timeout: TIME_LIMIT_MS }, async () => {
    const { violations, judged, undecided } = await loadOn(server);
    expect(violations).toEqual([]);
    expect(undecided).toEqual([]);
    expect(judged).toEqual({ fifo: 1, lifo: 1, single: 1, barrier: 1 });
  });
});

describe.skipIf(isShort)('a faulty server is detected, with the clause that it violates', () => {
  it.each(FAULTS)(
    '$clause: $what',
    { timeout: TIME_LIMIT_MS },
    async ({ clause, prototype, method, fault }) => {
      const violated = await withFault({ prototype, method, fault }, () => violatedBy(server));
      expect(violated).toContain(clause);
    },
  );

  it.each(ALTERED_REPLIES)('%s (%s)', { timeout: TIME_LIMIT_MS }, async (_what, clause, from, to) => {
    using proxy = await AlteringProxy.start(server, (said) => said.replaceAll(from, to));
    expect(await violatedBy(proxy)).toContain(clause);
  });
});

describe.skipIf(isShort)('a history of concurrent clients shows the fault', () => {
  it.each(FAULTS.filter(({ isInHistory }) => isInHistory === true))(
    '$clause: $what',
    { timeout: TIME_LIMIT_MS },
    async ({ prototype, method, fault }) => {
      expect(await withFault({ prototype, method, fault }, isFoundByLoad)).toBe(true);
    },
  );
});
