import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tableChecks } from '../support/chart.ts';
import { CHECKS } from './checks/checks.ts';

const MACHINES = new URL('../../src/machines/', import.meta.url);
/** The files of src/machines that make a machine. */
const machineFiles = (): string[] =>
  readdirSync(MACHINES, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) =>
        file.endsWith('.ts') && readFileSync(new URL(file, MACHINES), 'utf8').includes('createMachine('),
    )
    .map((file) => file.replace(/\.ts$/, ''));

test('every machine has a table', () => {
  expect(machineFiles().sort()).toEqual(Object.keys(CHECKS).sort());
});

for (const { machine, table, stories } of Object.values(CHECKS)) {
  const groups = { [`the table of ${machine.id}`]: tableChecks(table), ...stories };
  for (const [title, checks] of Object.entries(groups))
    describe(title, () => {
      for (const { name, run } of checks) test(name, () => run(machine));
    });
}
