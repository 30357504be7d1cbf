import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { batchChecks } from '../../test/machines/checks/batch.ts';
import { callTurnsChecks } from '../../test/machines/checks/call-turns.ts';
import { callValueChecks } from '../../test/machines/checks/call-value.ts';
import { claimChecks } from '../../test/machines/checks/claim.ts';
import { clientLeaseChecks } from '../../test/machines/checks/client-lease.ts';
import { clientSessionChecks } from '../../test/machines/checks/client-session.ts';
import { commitChecks } from '../../test/machines/checks/commit.ts';
import { connectionChecks } from '../../test/machines/checks/connection.ts';
import { forwardedClientChecks } from '../../test/machines/checks/forwarded-client.ts';
import { forwardingChecks } from '../../test/machines/checks/forwarding.ts';
import { joinPhaseChecks } from '../../test/machines/checks/join-phase.ts';
import { leaseChecks } from '../../test/machines/checks/lease.ts';
import { leftValueChecks } from '../../test/machines/checks/left-value.ts';
import { localityChecks } from '../../test/machines/checks/placement.ts';
import { poolChecks } from '../../test/machines/checks/pool.ts';
import { backoffChecks, recoveryChecks } from '../../test/machines/checks/recovery.ts';
import { retryChecks } from '../../test/machines/checks/retry.ts';
import { sentinelChecks } from '../../test/machines/checks/sentinel.ts';
import { sessionChecks } from '../../test/machines/checks/session.ts';
import { shutdownChecks } from '../../test/machines/checks/shutdown.ts';
import { sleighChecks } from '../../test/machines/checks/sleigh.ts';
import { sleighPoolChecks } from '../../test/machines/checks/sleigh-pool.ts';
import { speculationChecks } from '../../test/machines/checks/stragglers.ts';
import { valueLeaseChecks } from '../../test/machines/checks/value-lease.ts';
import { workChecks } from '../../test/machines/checks/work.ts';
import { workerChecks } from '../../test/machines/checks/worker.ts';
import { workerProcessChecks } from '../../test/machines/checks/worker-process.ts';
import type { ChartChecks } from '../../test/support/chart.ts';
import { rewritten } from './chart-config.ts';
import { codeMutantsOf, nothing, oneFault } from './code.ts';
import { EQUIVALENT } from './equivalent.ts';
import { Killer } from './killer.ts';
import type { Mutant } from './mutant.ts';
import { mutantsOf } from './mutants.ts';
import { killedOf, report, type Result } from './report.ts';
import { byForm, isLong } from '../../test/support/form.ts';

/** By the names of their files in src/machines. */
const CHARTS: Readonly<Record<string, ChartChecks>> = {
  claim: claimChecks,
  commit: commitChecks,
  connection: connectionChecks,
  'forwarded-client': forwardedClientChecks,
  forwarding: forwardingChecks,
  'join-phase': joinPhaseChecks,
  lease: leaseChecks,
  'policies/backoff': backoffChecks,
  'policies/locality': localityChecks,
  'policies/recovery': recoveryChecks,
  'policies/speculation': speculationChecks,
  'pool/batch': batchChecks,
  'pool/call-turns': callTurnsChecks,
  'pool/call-value': callValueChecks,
  'pool/client-lease': clientLeaseChecks,
  'pool/client-session': clientSessionChecks,
  'pool/left-value': leftValueChecks,
  'pool/pool': poolChecks,
  'pool/retry': retryChecks,
  'pool/sleigh-pool': sleighPoolChecks,
  'pool/worker-process': workerProcessChecks,
  sentinel: sentinelChecks,
  session: sessionChecks,
  shutdown: shutdownChecks,
  sleigh: sleighChecks,
  'value-lease': valueLeaseChecks,
  work: workChecks,
  worker: workerChecks,
};

const MACHINES = new URL('../../src/machines/', import.meta.url);
/** The files of src/machines that make a machine. */
const machineFiles = (): string[] =>
  readdirSync(MACHINES, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) =>
        file.endsWith('.ts') && readFileSync(new URL(file, MACHINES), 'utf8').includes('createMachine('),
    )
    .map((file) => file.replace(/\.ts$/, ''));

/** The machine, created in both ways in which mutants are created. */
async function* copiesOf(chart: string, { machine }: ChartChecks): AsyncGenerator<Mutant> {
  const name = 'nothing is changed';
  yield { operator: 'code changed', name, machine: rewritten(machine, [], () => undefined) };
  yield* codeMutantsOf(chart, nothing);
}

const MAX_SECONDS = isLong ? 3_600 : 120;
/** A sample of the mutants of a machine; with VERIFY=long each is tried. */
const ONE_IN = byForm(40, 8, 1);

function* sampled<T>(mutants: Iterable<T>): Generator<T> {
  let made = 0;
  for (const mutant of mutants) if (made++ % ONE_IN === 0) yield mutant;
}

const faultOfSample = (text: string): ReturnType<typeof oneFault> => sampled(oneFault(text));

const results: Result[] = [];
const known = new Set(EQUIVALENT.flatMap(({ mutants }) => mutants));

test('the faults are planted in every machine', () => {
  expect(machineFiles().sort()).toEqual(Object.keys(CHARTS).sort());
});

describe('every single fault in a statechart is detected, unless the mutant is known to be equivalent', () => {
  test.each(Object.entries(CHARTS))(
    '%s',
    async (chart, checks) => {
      const killer = new Killer(checks);
      for await (const unchanged of copiesOf(chart, checks))
        expect(killer.fateOf(unchanged).killed).toBeUndefined();

      const began = performance.now();
      const fates = [...sampled(mutantsOf(checks.machine))].map((mutant) => killer.fateOf(mutant));
      for await (const mutant of codeMutantsOf(chart, faultOfSample)) fates.push(killer.fateOf(mutant));
      results.push({ chart, fates, seconds: (performance.now() - began) / 1000 });

      const names = fates.map(({ mutant }) => `${chart}: ${mutant.name}`);
      expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
      const survivors = names.filter((_, n) => fates[n]?.killed === undefined);
      const expected = [...known].filter((name) =>
        isLong ? name.startsWith(`${chart}: `) : names.includes(name),
      );
      expect(survivors.sort()).toEqual(expected.sort());
    },
    MAX_SECONDS * 1000,
  );

  test('at least 5,000 mutants are generated or their share, 97 % of them are detected, and the others are equivalent', () => {
    const all = results.flatMap(({ fates }) => fates);
    if (isLong) expect(all.length - killedOf(all)).toBe(known.size);
    expect(all.length).toBeGreaterThanOrEqual(5_000 / ONE_IN);
    expect(killedOf(all) / all.length).toBeGreaterThanOrEqual(0.97);
  });

  afterAll(() => console.log(report(results)));
});
