import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartTable } from '../../src/verify/report.ts';
import type { ChartReport } from '../../src/verify/coverage.ts';
import type { Server } from '../../src/index.ts';
import { verifyCharts } from '../../src/verify/verify.ts';
import { errors, startTarget } from './servers.ts';
import { byForm, isLong } from '../../test/support/form.ts';

const CHARTS = ['connection', 'joinPhase', 'work', 'worker', 'recovery', 'sentinel', 'shutdown', 'sleigh'];

let server: Server;
let reports: ChartReport[];

beforeAll(
  async () => {
    const started = await startTarget();
    server = started.server;
    reports = await verifyCharts(started.target, isLong ? { effort: 'long' } : { oneIn: byForm(128, 8, 1) });
    console.log(chartTable(reports));
  },
  isLong ? 1_800_000 : 600_000,
);
afterAll(() => server.close());

test('every machine has a model', () => {
  expect(reports.map(({ chart }) => chart)).toEqual(CHARTS);
});

test('no machine receives an unexpected event, and the server reports no other failure', () => {
  expect(errors).toEqual([]);
});

describe.each(CHARTS)('generated paths through %s, over TCP', (name) => {
  const report = (): ChartReport | undefined => reports.find(({ chart }) => chart === name);

  test('the server does what the machine specifies', () => {
    expect(report()?.failures).toEqual([]);
  });

  test('every state and every branch of every transition is visited, and none is left out', () => {
    expect(report()).toMatchObject({ states: { missing: [] }, transitions: { missing: [] }, untried: {} });
  });
});
