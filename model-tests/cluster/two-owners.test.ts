import { describe, expect, it } from 'vitest';
import { isShort } from '../../test/support/form.ts';
import { explore, RULES } from './two-owners.ts';

describe('two servers with one store, in every order of claims, commits, lost connections and failovers', () => {
  it.skipIf(isShort)(
    'lose nothing that was acknowledged, commit nothing twice, and a stale one acknowledges nothing (D9, D10)',
    () => {
      const { worlds, steps, wrong } = explore(RULES);
      console.log(`two servers with one store: ${worlds} states`);
      expect(wrong).toBeUndefined();
      expect([...steps].toSorted()).toEqual(
        expect.arrayContaining([
          '0 is refused',
          '1 is refused',
          '0 commits, and the answer is lost',
          'a lost statement is carried out',
          'a standby is promoted',
        ]),
      );
      expect(worlds).toBeGreaterThan(1_000);
    },
  );

  it.each([
    [{ checksEpoch: false, failovers: 0 }, 'what was acknowledged can be lost'],
    [{ checksHead: false, failovers: 0 }, 'a commit was carried out twice'],
    [{ heedsWarnings: false }, 'what was acknowledged can be lost'],
  ])('are not safe with %j', (fault, what) => {
    expect(explore({ ...RULES, ...fault }).wrong?.what).toBe(what);
  });
});
