/** What the machines of policies may command (S30.3, S31, S32), as data. Each role has its own commands. */

export type RecoveryCommand =
  | { readonly type: 'requeue' | 'retry' | 'answer' | 'drop' }
  | { readonly type: 'wait'; readonly milliseconds: number };

export type StragglersCommand =
  | { readonly type: 'copy' | 'runAlone' }
  | { readonly type: 'watch'; readonly milliseconds: number };

export type PlacementCommand =
  | { readonly type: 'anywhere' }
  | { readonly type: 'onHost'; readonly host: string; readonly milliseconds: number };

/** What an actor of a policy did with an event. */
export interface PolicyStep<Command> {
  readonly commands: readonly Command[];
  /** What it has thrown. */
  readonly error: unknown;
}
