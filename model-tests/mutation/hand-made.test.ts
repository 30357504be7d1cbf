import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HAND_MADE } from './hand-made.ts';
import { SourceCopy, withFault } from './source-copy.ts';
import { isLong } from '../../test/support/form.ts';

const MAX_MILLISECONDS = 600_000;

describe('every fault planted by hand in the routing and in the queues', () => {
  test.each(HAND_MADE.map((fault) => [fault.what, fault] as const))(
    'applies to the source: %s',
    (_what, fault) => {
      expect(withFault(fault)).toContain(fault.replace);
    },
  );
});

describe.runIf(isLong)('the tests of the core and of workspaces', () => {
  let copy: SourceCopy;
  beforeAll(() => {
    copy = new SourceCopy();
  });
  afterAll(() => copy.remove());

  test(
    'pass when no fault is planted',
    async () => {
      const { passed, failed } = await copy.test();
      expect(failed).toEqual([]);
      expect(passed).toBeGreaterThan(300);
    },
    MAX_MILLISECONDS,
  );

  for (const fault of HAND_MADE)
    test(
      `detect the fault: ${fault.what}`,
      async () => {
        const { failed } = await copy.test(fault);
        console.log(`${fault.what}: ${failed[0] ?? 'survives'}`);
        expect(failed).not.toEqual([]);
      },
      MAX_MILLISECONDS,
    );
});
