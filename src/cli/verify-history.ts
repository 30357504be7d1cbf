import { createReadStream, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { diagramOfHistory } from '../verify/diagram/of-history.ts';
import { checkHistory } from '../verify/history/check.ts';
import { recordLoad } from '../verify/history/load.ts';
import { HistoryError, readOperation, type Operation } from '../verify/history/operation.ts';
import { historyText } from '../verify/history/recording.ts';
import { historySummary } from '../verify/report.ts';
import { authorityOf } from '../wire/authority.ts';
import { printableLines } from '../wire/printable.ts';
import type { Address } from '../wire/authority.ts';
import { FILE, START, USAGE } from './errors.ts';
import { drawDiagram } from './draw-diagram.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';
import { jsonLine } from './json-line.ts';
import { print } from './output.ts';

const REQUESTS = { short: 30, long: 300 };

/**
 * `sleigh verify --history`: checks a history, and ends with 1 if a clause was violated.
 * @param path the history, or where that of the load on the server is written
 */
export async function verifyHistory(
  path: string | undefined,
  server: Address | undefined,
  { json, isLong, diagram }: { json: boolean; isLong: boolean; diagram: string | undefined },
): Promise<void> {
  if (path === undefined && server === undefined) return fail(USAGE.historyOfWhat());
  const operations = server === undefined ? await readHistory(path ?? '') : await load(server, isLong);
  if (server !== undefined && path !== undefined) write(path, historyText(operations));
  const report = checkHistory(operations);
  const right = report.violations.length === 0;
  if (!right) process.exitCode = 1;
  const [first] = report.violations;
  if (first !== undefined && diagram !== undefined) await drawDiagram(diagram, diagramOfHistory(first));
  if (json) return print(jsonLine({ right, ...report }));
  const conclusion = right
    ? 'Everything is as the protocol has it.'
    : `Violated: ${report.violations.length}.`;
  await print(printableLines(`${historySummary(report)}\n${conclusion}\n`));
}

const load = (server: Address, isLong: boolean): Promise<Operation[]> =>
  recordLoad(server, { requests: isLong ? REQUESTS.long : REQUESTS.short }).catch((error: unknown) =>
    fail(START.notVerified(authorityOf(server.host, server.port), explain(error))),
  );

async function readHistory(path: string): Promise<Operation[]> {
  const operations: Operation[] = [];
  const input = createReadStream(path).on('error', (error) => fail(FILE.unreadable(path, explain(error))));
  let line = 0;
  for await (const text of createInterface({ input })) {
    line++;
    try {
      operations.push(readOperation(text));
    } catch (error) {
      if (!(error instanceof HistoryError)) throw error;
      fail(FILE.noOperation(line, path, error.message));
    }
  }
  if (line === 0) fail(FILE.emptyHistory(path));
  return operations;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    fail(FILE.unwritable(path, explain(error)));
  }
}
