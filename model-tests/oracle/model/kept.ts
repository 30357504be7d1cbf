import type { Result } from './batches.ts';
import type { Entries } from './replies.ts';
import type { Variable } from './variable.ts';
import type { Workspace } from './workspace.ts';

/** Where the result of a task is kept, and under which key (S29). */
export interface Keeping {
  readonly keepIn: string;
  readonly keepAs: string;
}

/** @returns undefined for a task whose result goes to its batch or its mailbox */
export const keepingOf = ({ keepIn, keepAs }: Entries): Keeping | undefined =>
  keepIn === undefined || keepAs === undefined ? undefined : { keepIn, keepAs };

export const isSameKeeping = (a: Keeping | undefined, b: Keeping): boolean =>
  a?.keepIn === b.keepIn && a.keepAs === b.keepAs;

/** The results that were put into variables, each of which is known until its variable is deleted (S29.1). */
export class KeptResults {
  readonly #workspace: Workspace;
  #known: { variable: Variable; keepAs: string; result: Result }[] = [];

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  add({ keepIn, keepAs }: Keeping, result: Result): void {
    const variable = this.#workspace.variable(keepIn);
    variable.keep(result);
    this.#known.push({ variable, keepAs, result });
  }

  knows({ keepIn, keepAs }: Keeping): boolean {
    const variable = this.#workspace.variables.get(keepIn);
    return this.#known.some((one) => one.variable === variable && one.keepAs === keepAs);
  }

  /** The server was started again: results that were fetched are not known any more (S29.1). */
  forgetFetched(): void {
    this.#known = this.#known.filter(({ variable, result }) => variable.holds(result));
  }
}
