import { expect, test } from 'vitest';
import fc from 'fast-check';
import type { Change, Key } from '../../src/store/change.ts';
import { condensed } from '../../src/store/condensed.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { byForm } from '../support/form.ts';

/** Few keys, so that changes meet. */
const key: fc.Arbitrary<Key> = fc.oneof(
  fc.tuple(fc.constant('workspace' as const), fc.nat({ max: 1 })),
  fc.tuple(fc.constant('value' as const), fc.nat({ max: 1 }), fc.nat({ max: 1 }), fc.nat({ max: 1 })),
);
const prefix: fc.Arbitrary<Key> = fc.oneof(
  fc.tuple(fc.constant('value' as const), fc.nat({ max: 1 })),
  fc.tuple(fc.constant('value' as const), fc.nat({ max: 1 }), fc.nat({ max: 1 })),
);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key, fields: fc.record({ of: fc.nat() }) }),
  fc.record({ type: fc.constant('delete' as const), key }),
  fc.record({ type: fc.constant('clear' as const), prefix }),
);

test('condensed changes have the effect of all of them, and change each entity once', () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 20 }),
      fc.array(change, { maxLength: 20 }),
      (before, changes) => {
        const [all, few] = [new MemoryStore(), new MemoryStore()];
        for (const store of [all, few]) store.apply(before);
        all.apply(changes);
        const fewer = condensed(changes);
        few.apply(fewer);
        expect(few.entities).toEqual(all.entities);
        const names = fewer.map((each) =>
          (each.type === 'clear' ? ['clear', ...each.prefix] : each.key).join(),
        );
        expect(new Set(names).size).toBe(names.length);
      },
    ),
    { numRuns: byForm(300, 2_000, 20_000), seed: 1 },
  );
});
