import type { Violation } from '../trace/check.ts';
import type { TraceStep } from '../trace/step.ts';
import { partiesOf, type SequenceDiagram, type SequenceStep } from '../verify/diagram/sequence.ts';

/** What sends an event to an actor and is no actor itself. */
const OUTSIDE = 'outside';

/** A violation as a diagram: who sent the actor its last events, and the states that it took. */
export function diagramOfTrace({ step, reason, story }: Violation): SequenceDiagram {
  const steps = [...story, step].flatMap((one) => stepsOf(one, one === step));
  return {
    title: `${step.actor} of ${step.scope} (chart ${step.chart}): ${reason}`,
    parties: partiesOf(steps, step.actor),
    steps: [...steps, { on: step.actor, text: reason, isBroken: true }],
  };
}

function stepsOf(
  { actor, from = OUTSIDE, event, after, clause }: TraceStep,
  isBroken: boolean,
): SequenceStep[] {
  const text = clause === '' ? event.type : `${event.type} (${clause})`;
  return [
    { from, to: actor, text, isBroken },
    { on: actor, text: after, isBroken },
  ];
}
