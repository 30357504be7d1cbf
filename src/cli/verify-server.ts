import { authorityOf } from '../wire/authority.ts';
import { printableLines } from '../wire/printable.ts';
import type { TestTarget } from '../verify/test-target.ts';
import type { Effort } from '../verify/models.ts';
import { chartTable, clauseSummary, conversationTable, historySummary } from '../verify/report.ts';
import { isRight, verifyServer } from '../verify/verify.ts';
import { explain } from './explain.ts';
import { fail, lineFor } from './fail.ts';
import { jsonLine } from './json-line.ts';
import { print } from './output.ts';
import { START } from './errors.ts';

/** `sleigh verify --server`: prints each machine, and exits with 1 if something differs. */
export async function verifyRunningServer(
  target: TestTarget,
  { json, effort }: { json: boolean; effort: Effort },
): Promise<void> {
  const { host, port } = target.server;
  const found = await verifyServer(target, {
    effort,
    onFailure: ({ model, reason }) =>
      process.stderr.write(lineFor(`differs: ${model}: ${reason}`, { event: 'differs', model, reason })),
  }).catch((error: unknown) => fail(START.notVerified(authorityOf(host, port), reasonOf(error))));
  const right = isRight(found);
  if (json) await print(jsonLine({ right, ...found }));
  else {
    const parts = [
      clauseSummary(found.clauses),
      historySummary(found.history),
      chartTable(found.charts),
      conversationTable(found.conversations),
    ];
    await print(printableLines(`${parts.join('\n\n')}\n`));
    await print(
      right
        ? 'Everything is as the protocol, the charts and the conversations have it.\n'
        : 'Something differs.\n',
    );
  }
  if (!right) process.exitCode = 1;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
    ? 'nobody listens there'
    : explain(error);
