import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FAIR_IN_SHORT, LONG, NEAREST_IN_SHORT, POLICIES, SHORT } from './casts.ts';
import { explore, replay, type Report } from './explorer.ts';
import { writeCounterexample } from '../../src/verify/diagram/files.ts';
import { diagramOfViolation } from './violation-diagram.ts';
import { readScenario, writeScenario } from './scenario.ts';
import { byForm, isLong, isShort } from '../../test/support/form.ts';

function print(title: string, { states, transitions, depth, seconds, isClosed }: Report): void {
  const figures = [
    `${states} states`,
    `${transitions} transitions`,
    `depth ${depth}`,
    `${seconds.toFixed(1)} s`,
    isClosed ? 'closed' : 'not closed',
  ];
  process.stdout.write(`${title}: ${figures.join(', ')}\n`);
}

describe('every reachable state of a sleigh keeps its properties', () => {
  for (const [n, { title, cast, ...bounds }] of (isLong ? [...SHORT, ...LONG] : SHORT).entries()) {
    const maxStates = byForm(NEAREST_IN_SHORT, bounds.maxStatesInCi, bounds.maxStates);
    // The short form explores each cast under one of the policies.
    for (const policy of POLICIES.filter((_, at) => !isShort || at === n % POLICIES.length))
      test(`${policy}: ${title}`, () => {
        const report = explore(
          { ...cast, policy },
          {
            crashOneIn: byForm(64, 8, 8),
            maxFairStates: byForm(FAIR_IN_SHORT, Infinity, Infinity),
            ...(maxStates === undefined ? {} : { maxStates }),
            ...(isLong ? { progress: (text: string) => process.stdout.write(`  ${text}\n`) } : {}),
          },
        );
        print(`${policy}: ${title}`, report);
        const { violation } = report;
        if (violation !== undefined) {
          const picture = writeCounterexample(`explore ${policy}`, diagramOfViolation(violation));
          throw new Error(
            `${violation.property}: ${violation.what}\n\n${writeScenario(violation.scenario)}\n${picture}`,
          );
        }
        expect(report.isClosed).toBe(maxStates === undefined || report.states < maxStates);
      });
  }
});

describe('scenarios that failed in the past', () => {
  const folder = new URL('scenarios/', import.meta.url);
  for (const file of readdirSync(folder))
    test(file, () => {
      const scenario = readScenario(readFileSync(new URL(file, folder), 'utf8'));
      expect(readScenario(writeScenario(scenario))).toEqual(scenario);
      expect(replay(scenario)).toBeUndefined();
    });
});
