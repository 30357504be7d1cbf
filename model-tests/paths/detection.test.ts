import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { needsMetBy, type TestTarget } from '../../src/verify/test-target.ts';
import { exploreAll } from '../../src/verify/models.ts';
import { runPaths } from '../../src/verify/paths.ts';
import type { Address } from '../../src/verify/protocol-client.ts';
import { startServe } from '../../test/support/serve-process.ts';
import { faultyServer } from '../world/faulty-server.ts';
import { AlteringProxy } from './altering-proxy.ts';
import { startTarget } from './servers.ts';
import { isLong, isShort } from '../../test/support/form.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/fixtures/${name}`, import.meta.url));
const TLS = ['--tls-cert', fixture('localhost.crt'), '--tls-key', fixture('localhost.key')];

/** The first failure of one machine of a server. */
async function firstFailure(chart: string, { host, port }: Address): Promise<string | undefined> {
  const target: TestTarget = { server: { host, port }, handshakeSeconds: 30, requestSeconds: 30 };
  const met = await needsMetBy(target);
  const models = exploreAll(met, 'short').filter(({ name }) => name.split(',')[0] === chart);
  const reports = await runPaths(models, { target, met, hasty: true });
  return reports.flatMap(({ failures }) => failures)[0];
}

/** A sample of the slow cases; all of them with VERIFY=long. */
const some = <T>(all: readonly T[], few: number): readonly T[] => (isLong ? all : all.slice(0, few));

const ALTERATIONS: readonly (readonly [chart: string, from: string, to: string])[] = [
  ['joinPhase', 'group closed', 'group clozed'],
  ['shutdown', '5001', '0001'],
  ['worker', 'Active workers', 'Active werkers'],
  ['sentinel', 'no value available.', 'no value available!'],
];

describe.skipIf(isShort)('a proxy that changes a reply of the server is detected', () => {
  test.concurrent.each(some(ALTERATIONS, 1))('when %s: "%s" becomes "%s"', async (chart, from, to) => {
    const { server } = await startTarget();
    using proxy = await AlteringProxy.start(server, (said) => said.replaceAll(from, to));
    expect(await firstFailure(chart, proxy)).toContain(to);
    await server.close();
  });
});

/** Expressions of the machines, each with its replacement. */
const MUTANTS: readonly (readonly [chart: string, file: string, from: string, to: string])[] = [
  ['joinPhase', 'join-phase-setup', 'ranksGiven >= maximum', 'ranksGiven > maximum'],
  ['shutdown', 'shutdown', "context.policy === 'shutdown'", "context.policy !== 'shutdown'"],
  ['connection', 'connection', "event.type === 'options.accepted' && event.secure", 'false'],
  ['worker', 'worker-setup', 'event.waits', '!event.waits'],
  ['worker', 'worker-setup', 'event.queued > 0 || event.copies > 0', 'false'],
  [
    'worker',
    'worker',
    "target: 'dead', ...rule('S13', 'A worker dies with its connection.')",
    "target: 'left'",
  ],
  ['worker', 'worker', "or(['mayReturn', 'isSupervised'])", "'mayReturn'"],
  [
    'worker',
    'worker',
    "'group.closed': rule('S19'",
    "'group.closed': { target: 'deadbeat' }, 'group.forgotten': rule('S19'",
  ],
  ['joinPhase', 'join-phase', "not(or(['returns', 'replaces']))", "not('returns')"],
  ['worker', 'worker', "actions: ['failTask', 'askAgain']", "actions: ['askAgain']"],
  ['sentinel', 'sentinel', 'event.registeredWorkers > 0', 'event.registeredWorkers > 1'],
  ['sentinel', 'sentinel', 'event.waits', '!event.waits'],
  ['sentinel', 'sentinel', "'heartbeat.missed': {", "'absence.forgotten': {"],
  ['shutdown', 'shutdown', 'context.living === 0', 'context.living === 1'],
  [
    'shutdown',
    'shutdown',
    'context.groupClosed && context.living === 1',
    'context.groupClosed && context.living === 2',
  ],
  ['shutdown', 'shutdown', "'task.failed': {", "'task.fehled': {"],
  ['sleigh', 'sleigh', "event.type === 'shutdown.started' && event.cause === 'itself'", 'false'],
  ['joinPhase', 'join-phase-setup', "'waits' in event && event.waits", 'true'],
  ['joinPhase', 'join-phase-setup', "event.type === 'worker.registered' ? 1 : 0", '0'],
  ['joinPhase', 'join-phase-setup', 'context.frozen ? {}', '!context.frozen ? {}'],
  ['connection', 'connection', "'request.overran': {", "'request.overrun': {"],
];

describe.skipIf(isShort)('a server with a changed guard is detected', () => {
  test.concurrent.each(some(MUTANTS, 2))(
    'when %s (%s): %s becomes %s',
    { timeout: 180_000 },
    async (chart, file, from, to) => {
      const environment = await faultyServer({ file: `src/machines/${file}.ts`, from, to });
      await using serve = await startServe('--log-level', 'silent', ...TLS, environment);
      expect(await firstFailure(chart, { host: '127.0.0.1', port: serve.port })).toContain(chart);
    },
  );
});
