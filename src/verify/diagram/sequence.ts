/** The interactions of some participants, in order: a sequence diagram before it is drawn. */
export interface SequenceDiagram {
  readonly title: string;
  /** Each has a lifeline, from left to right. */
  readonly parties: readonly string[];
  readonly steps: readonly SequenceStep[];
}

export type SequenceStep = Message | Note;

/** An arrow from one lifeline to another. */
export interface Message {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly isReply?: boolean;
  /** Whether this is the incorrect step; it is drawn in red. */
  readonly isBroken?: boolean;
}

/** A box on one lifeline: a state, or the error. */
export interface Note {
  readonly on: string;
  readonly text: string;
  readonly isBroken?: boolean;
}

const NAMED = /^([^:]{1,40}): (.*)$/s;

/**
 * A list of steps as a diagram.
 * @param lines `WHO: what` is a message of that party to `to`; anything else is a note on `to`
 * @param wrong what is wrong after the last one
 */
export function diagramOfLines(
  title: string,
  lines: readonly string[],
  { to, wrong }: { readonly to: string; readonly wrong: string },
): SequenceDiagram {
  const steps = lines.map((line, n): SequenceStep => {
    const isBroken = n === lines.length - 1;
    const [, from, text] = NAMED.exec(line) ?? [];
    return from === undefined || text === undefined
      ? { on: to, text: line, isBroken }
      : { from, to, text, isBroken };
  });
  return {
    title,
    parties: partiesOf(steps, to),
    steps: [...steps, { on: to, text: wrong, isBroken: true }],
  };
}

/** The participants in the order of their first step, and then the one that they all talk to. */
export function partiesOf(steps: readonly SequenceStep[], last: string): string[] {
  const parties = new Set<string>();
  for (const step of steps) {
    if ('on' in step) parties.add(step.on);
    else for (const party of [step.from, step.to]) parties.add(party);
  }
  parties.delete(last);
  return [...parties, last];
}
