import { batchChecks } from './batch.ts';
import { callTurnsChecks } from './call-turns.ts';
import { callValueChecks } from './call-value.ts';
import { claimChecks } from './claim.ts';
import { clientLeaseChecks } from './client-lease.ts';
import { clientSessionChecks } from './client-session.ts';
import { commitChecks } from './commit.ts';
import { connectionChecks } from './connection.ts';
import { forwardedClientChecks } from './forwarded-client.ts';
import { forwardingChecks } from './forwarding.ts';
import { joinPhaseChecks } from './join-phase.ts';
import { leaseChecks } from './lease.ts';
import { leftValueChecks } from './left-value.ts';
import { localityChecks } from './placement.ts';
import { ownerSearchChecks } from './owner-search.ts';
import { poolChecks } from './pool.ts';
import { backoffChecks, recoveryChecks } from './recovery.ts';
import { retryChecks } from './retry.ts';
import { sentinelChecks } from './sentinel.ts';
import { sessionChecks } from './session.ts';
import { shutdownChecks } from './shutdown.ts';
import { sleighChecks } from './sleigh.ts';
import { sleighPoolChecks } from './sleigh-pool.ts';
import { speculationChecks } from './stragglers.ts';
import { valueLeaseChecks } from './value-lease.ts';
import { workChecks } from './work.ts';
import { workerChecks } from './worker.ts';
import { workerProcessChecks } from './worker-process.ts';
import type { ChartChecks } from '../../support/chart.ts';

/** By the names of their files in src/machines. */
export const CHECKS: Readonly<Record<string, ChartChecks>> = {
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
  'pool/owner-search': ownerSearchChecks,
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
