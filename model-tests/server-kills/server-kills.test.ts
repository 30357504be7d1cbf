import { describe, expect, it } from 'vitest';
import { byForm, isShort } from '../../test/support/form.ts';
import { faultyServer, type ServerFault } from '../world/faulty-server.ts';
import { killServers } from './server-kills.ts';

describe.skipIf(isShort)('a server with a store that is killed with -9, again and again', () => {
  it('loses nothing that it acknowledged, and gives nothing twice, in any mode (D2, D4)', async () => {
    const kills = byForm(3, 10, 200);
    const { violations, undecided, judged, answered } = await killServers(kills, 1);
    console.log(`${kills} kills, ${answered} requests were answered`);
    expect(violations).toEqual([]);
    expect(undecided).toEqual([]);
    expect(Object.keys(judged)).toEqual(expect.arrayContaining(['fifo', 'lifo', 'single', 'barrier']));
    expect(answered).toBeGreaterThan(kills);
  }, 3_600_000);

  it('does so with --sync everysec, too: the operating system has what the process knew', async () => {
    const { violations, answered } = await killServers(byForm(2, 5, 50), 2, { sync: 'everysec' });
    expect(violations).toEqual([]);
    expect(answered).toBeGreaterThan(0);
  }, 3_600_000);
});

interface Fault extends ServerFault {
  readonly what: string;
}

const FAULTS: readonly Fault[] = [
  {
    what: 'forgets to record that a value was taken (D3)',
    file: 'src/workspace/variable-record.ts',
    from: 'changes.delete(this.#keyOf(number));',
    to: '{}',
  },
  {
    what: 'forgets to record a value (D3)',
    file: 'src/workspace/variable-record.ts',
    from: 'changes.put(this.#keyOf(number), recordOfValue(value));',
    to: '{}',
  },
  {
    what: 'releases a barrier one member too early (V12)',
    file: 'src/workspace/barrier.ts',
    from: 'this.#waiting.length + 1 === this.#members.size',
    to: 'this.#waiting.length + 2 >= this.#members.size',
  },
];

describe.skipIf(isShort)('the history of a faulty server that is killed with -9', () => {
  it.each(FAULTS)('shows that it $what', { timeout: 3_600_000 }, async (mutant) => {
    const env = await faultyServer(mutant);
    const { violations } = await killServers(10, 3, { env });
    expect(violations).not.toEqual([]);
  });
});
