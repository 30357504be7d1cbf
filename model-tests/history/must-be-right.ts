import { writeCounterexample } from '../../src/verify/diagram/files.ts';
import { diagramOfHistory } from '../../src/verify/diagram/of-history.ts';
import { checkHistory, type HistoryReport } from '../../src/verify/history/check.ts';
import type { Operation } from '../../src/verify/history/operation.ts';
import { historyText } from '../../src/verify/history/recording.ts';

/** @throws with the first violation, the operations that show it, and the files with its picture */
export function mustBeRight(name: string, operations: readonly Operation[]): HistoryReport {
  const report = checkHistory(operations);
  const [violation] = report.violations;
  if (violation === undefined) return report;
  const { clauses, what, workspace, variable } = violation;
  throw new Error(
    `${name}: ${clauses.join(', ')}, "${variable}" of "${workspace}": ${what}\n` +
      `${historyText(violation.operations)}${writeCounterexample(name, diagramOfHistory(violation))}`,
  );
}
