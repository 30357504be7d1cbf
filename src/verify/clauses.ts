import { reasonOf } from '../wire/error-kind.ts';
import type { Address } from './protocol-client.ts';
import { JOB_CLAUSES } from './clauses/jobs.ts';
import { Scene } from './clauses/scene.ts';
import { VARIABLE_CLAUSES } from './clauses/variables.ts';
import { WIRE_CLAUSES } from './clauses/wire.ts';
import { WORKSPACE_CLAUSES } from './clauses/workspaces.ts';

/** One clause of docs/protocol.md, tried on a server by a few requests. */
export interface ClauseReport {
  readonly clause: string;
  readonly what: string;
  /** What the server did instead. */
  readonly failure?: string;
}

const CLAUSES = [...WIRE_CLAUSES, ...WORKSPACE_CLAUSES, ...VARIABLE_CLAUSES, ...JOB_CLAUSES];
/** The number of clauses that are tried at the same time. */
const AT_A_TIME = 8;

/**
 * Tries clause by clause.
 * @param tell is called for each clause that the server violates, as soon as it is known
 * @param patience the maximum wait for a due reply in milliseconds
 */
export async function verifyClauses(
  server: Address,
  tell: (report: ClauseReport) => void = () => undefined,
  patience?: number,
): Promise<ClauseReport[]> {
  const queue = CLAUSES.entries();
  const reports: ClauseReport[] = [];
  const reader = async (): Promise<void> => {
    for (const [n, { clause, what, run }] of queue) {
      const scene = new Scene(server, patience);
      const failure = await run(scene).then(() => undefined, reasonOf);
      scene.close();
      const report: ClauseReport = { clause, what, ...(failure !== undefined && { failure }) };
      reports[n] = report;
      if (failure !== undefined) tell(report);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, reader));
  return reports;
}
