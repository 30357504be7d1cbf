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

/** One way to change the configuration of a state. */
export interface Change {
  readonly operator: Operator;
  /** The place in the state, and the change. */
  readonly what: string;
  /** The event of the changed transition. */
  readonly event?: string;
  readonly rewrite: (state: StateConfig) => void;
}

/** A machine with one fault. */
export interface Mutant {
  readonly operator: Operator;
  /** Unique in its machine: the state, the place and the kind of the change. */
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** Where it is expected to show first. */
  readonly place?: { readonly state: string; readonly event: string | undefined };
}
