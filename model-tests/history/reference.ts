/** A variable as a plain sequential object, written from the clauses V3, V4, V10 and V12, for one operation at a time. */
export type ReferenceMode = 'fifo' | 'lifo' | 'single';

/** Values in the order of stores, each with its number. */
export interface State {
  readonly values: readonly { readonly value: string; readonly number: number }[];
  readonly stored: number;
}

export const EMPTY: State = { values: [], stored: 0 };

export interface Step {
  readonly verb: string;
  readonly value?: string;
  /** The number after which an iteration continues. */
  readonly after?: number;
}

export interface Effect {
  readonly state: State;
  readonly result: { readonly value: string; readonly number: number } | 'stored' | 'none';
}

/** @returns what a step comes to; a get that would wait comes to `none` */
export function effectOf(mode: ReferenceMode, state: State, { verb, value = '', after }: Step): Effect {
  const { values, stored } = state;
  if (verb === 'store') {
    const kept = mode === 'single' ? [] : values;
    return { state: { values: [...kept, { value, number: stored }], stored: stored + 1 }, result: 'stored' };
  }
  const found =
    after === undefined ? values.at(mode === 'lifo' ? -1 : 0) : values.find(({ number }) => number > after);
  if (found === undefined) return { state, result: 'none' };
  const isRemoved = verb.includes('fetch');
  return {
    state: isRemoved ? { values: values.filter((one) => one !== found), stored } : state,
    result: { value: found.value, number: mode === 'lifo' ? 0 : found.number },
  };
}
