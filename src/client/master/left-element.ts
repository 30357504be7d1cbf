import type { LeftValue, LeftValues } from './left-values.ts';

/** An option of `eachElem` for pipelines: whether its results stay at the server, for the next stage (S35.5). */
export const LEAVES = Symbol('leaves');

/** What `pipeline` adds to the options of a stage. */
export interface StageOptions {
  readonly [LEAVES]?: boolean;
}

/** A result of a stage that stays at the server, as an element of the next stage (S35.5). Only one of the two stages has it at a time. */
export class LeftElement {
  readonly #values: LeftValues;
  readonly #left: LeftValue;

  /** @param bytes its size */
  constructor(values: LeftValues, left: LeftValue, bytes: number) {
    this.#values = values;
    this.#left = left;
    values.use(left);
    values.add(left, bytes);
    // The program never gets it.
    values.letGo(left);
  }

  /** The variable with the value. */
  get variable(): string {
    return this.#left.variable;
  }

  /** Nobody needs it any more. */
  release(): void {
    this.#values.release(this.#left);
  }
}
