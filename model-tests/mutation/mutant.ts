import type { AnyStateMachine } from 'xstate';
import type { StateConfig } from './chart-config.ts';

export type Operator =
  | 'guard negated'
  | 'guard dropped'
  | 'guard in part'
  | 'target changed'
  | 'target added'
  | 'target dropped'
  | 'state re-entered'
  | 'action dropped'
  | 'action doubled'
  | 'actions swapped'
  | 'transition removed'
  | 'event ignored'
  | 'timer ignored'
  | 'initial changed'
  | 'final dropped'
  | 'tag dropped'
  | 'code changed';

/** One way to write a state differently. */
export interface Change {
  readonly operator: Operator;
  /** Where in the state, and what becomes of it. */
  readonly what: string;
  /** The event whose transition it is. */
  readonly event?: string;
  readonly rewrite: (state: StateConfig) => void;
}

/** A chart with one fault. */
export interface Mutant {
  readonly operator: Operator;
  /** Unique in its chart: the state, what is changed there, and how. */
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** Where it is expected to show first. */
  readonly place?: { readonly state: string; readonly event: string | undefined };
}
