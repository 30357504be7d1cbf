import { describe, expect, it } from 'vitest';
import { byForm, isLong, isShort } from '../../test/support/form.ts';
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
    const { violations, answered } = await killServers(byForm(2, 5, 50), 2, { sync: 'everysec' });
    expect(violations).toEqual([]);
    expect(answered).toBeGreaterThan(0);
  }, 3_600_000);
});

/** One change of the built server. */
interface Fault {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Part of what the history shows. */
  readonly shows: RegExp;
  /** How many kills show it for certain. */
  readonly kills: number;
}

const FAULTS: readonly Fault[] = [
  {
    what: 'replies before it commits (D2)',
    file: 'transport/durability.js',
    from: 'const isTouched = this.#core.isTouched;',
    to: 'const isTouched = false;',
    shows: /./,
    // Only a kill between a reply and its commit shows it.
    kills: 100,
  },
  {
    what: 'forgets to record that a value was taken (D3)',
    file: 'workspace/variable-record.js',
    from: 'changes.delete(this.#keyOf(number));',
    to: '{}',
    shows: /twice|more often/,
    kills: 6,
  },
  {
    what: 'forgets to record a value (D3)',
    file: 'workspace/variable-record.js',
    from: 'changes.put(this.#keyOf(number), recordOfValue(value));',
    to: '{}',
    shows: /lost|missing|nothing|gone/,
    kills: 6,
  },
];

describe.skipIf(isShort)('the history of a faulty server that is killed with -9', () => {
  const faults = FAULTS.filter(({ kills }) => isLong || kills < 10);

  it.each(faults)('shows that it $what', { timeout: 3_600_000 }, async ({ shows, kills, ...mutant }) => {
    const env = {
      MUTANT: JSON.stringify(mutant),
      NODE_OPTIONS: `--import=${new URL('../paths/mutant.mjs', import.meta.url).href}`,
    };
    const { violations } = await killServers(kills, 3, { env });
    const told = violations.map(({ what: wrong }) => wrong).join('; ');
    expect(told).toMatch(shows);
  });
});
