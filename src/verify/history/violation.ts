import type { Operation } from './operation.ts';

/** A violation of the protocol that a history shows. */
export interface HistoryViolation {
  readonly workspace: string;
  readonly variable: string;
  readonly mode: string;
  /** Of docs/protocol.md. */
  readonly clauses: readonly string[];
  readonly what: string;
  /** The operations that show it, and no others; the last reply is the impossible one. */
  readonly operations: readonly Operation[];
}

/** A violation in a variable that its caller knows. */
export type Finding = Omit<HistoryViolation, 'workspace' | 'variable' | 'mode'>;

export const finding = (
  clauses: readonly string[],
  what: string,
  operations: readonly Operation[],
): Finding => ({
  clauses,
  what,
  operations: [...operations].sort((one, other) => one.invoked - other.invoked),
});
