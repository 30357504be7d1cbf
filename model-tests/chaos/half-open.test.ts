import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { eventually } from '../../test/support/eventually.ts';
import { startServe } from '../../test/support/serve-process.ts';
import { Host } from './hosts.ts';
import { isLong, isShort } from '../../test/support/form.ts';
import { MAIN } from '../../test/support/run-process.ts';

describe.skipIf(isShort)('a peer whose host has fallen silent while its connection stays open', () => {
  it('is detected after three refresh periods if it is a sentinel, and the tasks of its workers run elsewhere (S13)', async () => {
    await using server = await startServe('--verify', '--log-level', 'error');
    const at = { port: server.port, workspace: 'job' };
    const master = await NwsConnection.open({ host: '127.0.0.1', port: server.port });
    const options = {
      wstype: 'sleigh',
      join: 'elastic',
      onDeadWorker: 'requeue',
      sentinelRefreshPeriod: '0.4',
    };
    await master.openWorkspace('job', { metadata: new Map(Object.entries(options)) });
    const starts: number[] = [];
    const note = { started: (): void => void starts.push(performance.now()) };
    const silent = new Host(at, 1, note);
    await master.store('job', 'task', { n: 1, milliseconds: 3_000 });
    await eventually(() => starts.length === 1, 'the task has begun');
    const other = new Host(at, 1, note);
    await eventually(() => other.hands.length === 1, 'there is another worker');
    const since = performance.now();
    for (const process of [silent.sentinel, silent.hands[0]?.process]) process?.kill('SIGSTOP');
    await eventually(() => starts.length === 2, 'the task has begun again', 30_000);
    // Until the heartbeat that it misses, and three periods.
    const seconds = ((starts[1] ?? 0) - since) / 1_000;
    console.log(`half-open: a silent sentinel is missed after ${seconds.toFixed(1)} s, at a period of 0.4 s`);
    expect(seconds).toBeGreaterThan(1);
    expect((await master.fetch('job', 'result')).value).toBe(1);
    for (const host of [silent, other]) host.end();
    master.close();
  }, 60_000);
});

const canUnshare = ((): boolean => {
  try {
    execFileSync('unshare', ['--net', 'ip', 'link'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const run = (text: string): void => void execFileSync('sh', ['-c', text]);

/** A Node program in a network namespace. */
const within = (name: string, ...args: string[]) =>
  spawn('ip', ['netns', 'exec', name, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

// The server waits a minute before the first keep-alive probe, so this takes longer.
describe.runIf(isLong && canUnshare)('a host that is cut off inside a network namespace', () => {
  const space = `sleigh-${process.pid}`;
  beforeAll(() =>
    run(`ip netns add ${space} && ip netns add ${space}-far &&
      ip -n ${space} link add name near type veth peer name far netns ${space}-far &&
      ip -n ${space} addr add 10.99.0.1/24 dev near && ip -n ${space} link set near up &&
      ip -n ${space} link set lo up && ip -n ${space}-far addr add 10.99.0.2/24 dev far &&
      ip -n ${space}-far link set far up &&
      ip netns exec ${space} sysctl -qw net.ipv4.tcp_keepalive_intvl=1 net.ipv4.tcp_keepalive_probes=3`),
  );
  afterAll(() => run(`ip netns del ${space}; ip netns del ${space}-far`));

  it('is detected by TCP keep-alive: probes start after 60 seconds, and the operating system then sets the timeout (P1)', async () => {
    const server = within(
      space,
      MAIN,
      'serve',
      '--host',
      '0.0.0.0',
      '--port',
      '8765',
      '--no-web',
      '--log-level',
      'debug',
    );
    await once(server.stdout, 'data');
    const far = within(
      `${space}-far`,
      '-e',
      `const s = require('net').connect(8765, '10.99.0.1', () => { s.write('X000R0000000'); console.log('here'); });
       setInterval(() => {}, 1000);`,
    );
    await once(far.stdout, 'data');
    const connections = (): string =>
      execFileSync('ip', ['netns', 'exec', space, 'cat', '/proc/net/tcp']).toString();
    const isConnected = (): boolean => / 01 0/.test(connections());
    expect(isConnected()).toBe(true);
    const since = performance.now();
    run(`ip -n ${space}-far link set far down`);
    await eventually(() => !isConnected(), 'it is given up', 120_000);
    const seconds = (performance.now() - since) / 1_000;
    console.log(`half-open: keep-alive gives up a silent host after ${seconds.toFixed(0)} s (60 + 3 × 1)`);
    expect(seconds).toBeGreaterThan(58);
    expect(seconds).toBeLessThan(75);
    far.kill('SIGKILL');
    server.kill('SIGKILL');
  }, 150_000);
});
