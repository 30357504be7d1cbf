import { describe, expect, it } from 'vitest';
import { byForm } from '../../test/support/form.ts';
import { killServers } from './server-kills.ts';

describe('a server with a store that is killed with -9, again and again', () => {
  it('loses nothing that it acknowledged, and gives nothing twice, in any mode (D2, D4)', async () => {
    const kills = byForm(3, 10, 200);
    const { violations, judged, answered } = await killServers(kills, 1);
    console.log(`${kills} kills, ${answered} requests were answered`);
    expect(violations).toEqual([]);
    expect(Object.keys(judged)).toEqual(expect.arrayContaining(['fifo', 'lifo', 'single']));
    expect(answered).toBeGreaterThan(kills);
  }, 3_600_000);

  it('does so with --sync everysec, too: the operating system has what the process knew', async () => {
    const { violations, answered } = await killServers(byForm(2, 5, 50), 2, 'everysec');
    expect(violations).toEqual([]);
    expect(answered).toBeGreaterThan(0);
  }, 3_600_000);
});
