import { stateOfWorker } from '../../src/sleigh/agents.ts';
import {
  diagramOfLines,
  type SequenceDiagram,
  type SequenceStep,
} from '../../src/verify/diagram/sequence.ts';
import { isShuttingDown } from '../../test/support/phase.ts';
import { replay, type Violation } from './explorer.ts';
import { makeSleigh, type MakeSleigh, type World } from './world.ts';

const JOB = 'job';

/** The shortest way to a violation as a sequence diagram, with the states of the job and its workers as notes. */
export function diagramOfViolation(
  { property, what, scenario }: Violation,
  make: MakeSleigh = makeSleigh,
): SequenceDiagram {
  const states: string[] = [];
  replay(scenario, make, (world) => states.push(stateOf(world)));
  const diagram = diagramOfLines(property, scenario.steps, { to: JOB, wrong: what });
  const steps = diagram.steps.flatMap((step, n): SequenceStep[] => {
    const state = states[n];
    const isNew = state !== undefined && state !== states[n - 1];
    return isNew ? [step, { on: JOB, text: state, isBroken: step.isBroken === true }] : [step];
  });
  return { ...diagram, steps };
}

function stateOf({ sleigh, isDeleted }: World): string {
  if (isDeleted) return 'deleted';
  const group = isShuttingDown(sleigh) ? 'shutting down' : sleigh.joining.phase;
  const workers = [...sleigh.crew.workers].map((worker) => `worker ${worker.rank} ${stateOfWorker(worker)}`);
  return [group, ...workers].join(', ');
}
