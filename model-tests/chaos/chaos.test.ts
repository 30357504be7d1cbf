import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { recordLoad } from '../../src/verify/history/load.ts';
import { RecordingProxy } from '../../src/verify/history/recording-proxy.ts';
import { startServe } from '../../test/support/serve-process.ts';
import { mustBeRight } from '../history/must-be-right.ts';
import { Random } from '../world/random.ts';
import { Chaos, type Outcome } from './chaos.ts';
import { Host, type Hand } from './hosts.ts';
import { byForm, isShort } from '../../test/support/form.ts';

// 12 kills with VERIFY=ci; KILLS=n, SEED=n and PACE=n for others (`npm run chaos -- --kills 1000`).

const KILLS = Number(process.env['KILLS'] ?? byForm(0, 12, 1_000));
const SEED = Number(process.env['SEED'] ?? 1);
const STEP_INTERVAL_MS = Number(process.env['PACE'] ?? 60);
const HOUR = 3_600_000;

async function chaos(policy: 'requeue' | 'null', kills: number): Promise<Outcome> {
  await using server = await startServe('--verify', '--log-level', 'error');
  const address = { host: '127.0.0.1', port: server.port };
  using proxy = await RecordingProxy.before(() => address);
  const random = new Random(SEED);
  const [outcome, others] = await Promise.all([
    new Chaos(proxy, SEED, policy, STEP_INTERVAL_MS).run(kills),
    recordLoad(address, { random: () => random.fraction() }),
  ]);
  const job = mustBeRight(`chaos ${policy}`, proxy.recording.operations(true));
  expect(job.judged).toEqual({ bag: 2 });
  expect(mustBeRight(`chaos ${policy} beside`, others).undecided).toEqual([]);
  const sorted = outcome.recoveries.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  console.log(
    `chaos, ${policy}: ${job.operations + others.length} operations recorded, ${outcome.kills} kills (${[...outcome.faults].map(([fault, n]) => `${fault} ${n}`).join(', ')}), ` +
      `${outcome.tasks} tasks, ${outcome.nulls} null results; ${sorted.length} tasks began again elsewhere, ` +
      `after ${at(0.5)} ms (median), ${at(0.99)} ms (p99), ${at(1 - 1e-9)} ms at most`,
  );
  server.kill('SIGTERM');
  expect(await server.outcome).toMatchObject({ code: 0, errors: '' });
  return outcome;
}

describe.skipIf(isShort)('a job whose workers and sentinels are killed, stopped and cut off', () => {
  it(
    'with onDeadWorker=requeue loses no result, duplicates none, and restarts tasks on other workers at once (S13)',
    async () => {
      const { wrongs, nulls, recoveries, kills } = await chaos('requeue', KILLS);
      expect(wrongs).toEqual([]);
      expect(nulls).toBe(0);
      expect(recoveries.length).toBeGreaterThan(kills / 3);
    },
    HOUR,
  );

  it(
    'with onDeadWorker=null gets one result for each task, and a null result for each task whose worker died (S13)',
    async () => {
      const { wrongs, nulls } = await chaos('null', Math.ceil(KILLS / 4));
      expect(wrongs).toEqual([]);
      expect(nulls).toBeGreaterThan(0);
    },
    HOUR,
  );

  it('with onDeadWorker=shutdown notifies the waiting master (S13)', async () => {
    await using server = await startServe('--verify', '--log-level', 'error');
    const master = await NwsConnection.open({ host: '127.0.0.1', port: server.port });
    await master.openWorkspace('job', { metadata: new Map([['wstype', 'sleigh']]) });
    const started = new EventEmitter<{ task: [Hand] }>();
    const begun = once(started, 'task');
    const host = new Host({ port: server.port, workspace: 'job' }, 1, {
      started: (hand) => started.emit('task', hand),
    });
    await master.store('job', 'task', { n: 0, milliseconds: 60_000 });
    const result = master.fetch('job', 'result');
    await begun;
    host.hands[0]?.process.kill('SIGKILL');
    await expect(result).rejects.toMatchObject({ code: 'sleigh-dead' });
    host.end();
    master.close();
  });
});
