/** One step of a trace. */
export interface StepView {
  readonly time: number;
}

export interface ReplayView {
  readonly file: string;
  readonly steps: number;
  readonly from: number;
  readonly to: number;
  /** The sleighs and connections of the trace, in the order in which they begin. */
  readonly scopes: readonly { readonly scope: string; readonly first: number; readonly last: number }[];
  /** The first step that its machine does not allow. */
  readonly violation: { readonly step: number; readonly reason: string } | undefined;
}
