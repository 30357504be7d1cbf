import { reasonOf } from '../../src/wire/error-kind.ts';
import fc from 'fast-check';
import { writeCounterexample } from '../../src/verify/diagram/files.ts';
import { diagramOfLines } from '../../src/verify/diagram/sequence.ts';
import { ServerModel } from './model/workspaces.ts';
import { Party } from './play/party.ts';
import { anyStep, JOBS, stepIn, type Step } from './play/steps.ts';

/** A step as fast-check runs and prints it. */
class StepCommand implements fc.AsyncCommand<Party, Party> {
  readonly #step: Step;

  constructor(step: Step) {
    this.#step = step;
  }

  check(party: Readonly<Party>): boolean {
    return party.canPlay(this.#step);
  }

  async run(_model: Party, party: Party): Promise<void> {
    await party.play(this.#step);
  }

  toString(): string {
    return JSON.stringify(this.#step);
  }
}

const command = (step: Step): StepCommand => new StepCommand(step);

export interface PlayOptions {
  readonly runs: number;
  /** The maximum number of steps in one run. */
  readonly steps: number;
  readonly seed?: number;
  /** All steps concern one job. */
  readonly job?: string;
  /** Milliseconds to wait for a due reply. */
  readonly patience?: number;
  /** Creates the model; a wrong one shows that faults are detected. */
  readonly model?: () => ServerModel;
}

/**
 * Runs random scripts against a real server and the model.
 * @throws with the smallest script that shows a difference
 */
export async function play({ runs, steps, seed, job, model, patience = 3_000 }: PlayOptions): Promise<void> {
  const scripts = fc.oneof(
    ...(job === undefined ? [anyStep, ...JOBS.map(stepIn)] : [stepIn(job)]).map((arbitrary) =>
      fc.commands([arbitrary.map(command)], { maxCommands: steps, size: 'max' }),
    ),
  );
  const property = fc.asyncProperty(scripts, async (commands) => {
    const party = await Party.open((model ?? (() => new ServerModel()))(), patience);
    try {
      await fc.asyncModelRun(() => ({ model: party, real: party }), commands);
      await party.settle();
    } catch (error) {
      const reason = reasonOf(error);
      throw new Error(`${reason}\nafter\n  ${party.script.join('\n  ')}`, { cause: error });
    } finally {
      await party.close();
    }
  });
  try {
    await fc.assert(property, { numRuns: runs, ...(seed !== undefined && { seed }) });
  } catch (error) {
    throw error instanceof Error ? withPicture(error) : error;
  }
}

/** The shrunk script as a sequence diagram, whose file the message names. */
function withPicture(error: Error): Error {
  const { cause } = error;
  if (!(cause instanceof Error)) return error;
  const [wrong = '', script = ''] = cause.message.split('\nafter\n');
  const lines = script.split('\n').map((line) => line.trim());
  const diagram = diagramOfLines('The server and the model differ', lines, { to: 'server', wrong });
  return new Error(`${error.message}\n${writeCounterexample('oracle', diagram)}`, { cause });
}
