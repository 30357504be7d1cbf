export interface VerificationView {
  /** Steps that were checked. */
  readonly steps: number;
  /** Steps that a machine does not allow. */
  readonly violations: number;
  /** The newest 20 of them, newest first. */
  readonly newest: readonly ViolationView[];
}

export interface ViolationView {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The sleigh or the connection that the actor belongs to. */
  readonly scope: string;
  readonly actor: string;
  readonly event: string;
  /** What the machine does instead. */
  readonly reason: string;
  /** The last steps of the actor, oldest first, one line each. */
  readonly story: readonly string[];
}
