import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MACHINES = join(import.meta.dirname, '../../src/machines');

/** Objects with a life of their own: an event refers to them by numbers. */
const LIVING = /\b(PendingGet|PendingStore|Client|Worker|Sentinel|Task|Value)\b/;

test('events of machines contain no live objects', () => {
  const wrong = readdirSync(MACHINES)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(MACHINES, name), 'utf8');
      const events = text.match(/^export type \w+Event =[\s\S]*?;\n\n/gm) ?? [];
      return events.filter((event) => LIVING.test(event)).map((event) => `${name}: ${event}`);
    });
  expect(wrong).toEqual([]);
});
