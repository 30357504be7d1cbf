/** What a transition of a machine means. Drawings, traces, stories and the page show both. */
export interface Rule {
  /** A sentence for people. */
  readonly description: string;
  readonly meta: {
    /** The clauses of docs/protocol.md that it follows, such as `S13, S19`. */
    readonly clause: string;
  };
}

/** For a transition: `{ target: 'dead', ...rule('S13', 'The worker dies with its connection.') }`. */
export const rule = (clause: string, description: string): Rule => ({ description, meta: { clause } });
