import { reasonOf } from '../../src/wire/error-kind.ts';
import fc from 'fast-check';
import { writeCounterexample } from '../../src/verify/diagram/files.ts';
import { diagramOfLines } from '../../src/verify/diagram/sequence.ts';
import { ServerModel } from './model/workspaces.ts';
import { Party } from './play/party.ts';
import { anyStep, JOBS, stepIn, stepOnVariables, type Step } from './play/steps.ts';

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
  /** Ends with the first script that shows a difference, as it is: how long shrinking takes depends on the script. */
  readonly isFirstEnough?: boolean;
  /** Plays only this one of the runs of the seed. */
  readonly path?: string | undefined;
  /** All steps are of this kind. */
  readonly only?: fc.Arbitrary<Step>;
  /** Creates the model; a wrong one shows that faults are detected. */
  readonly model?: () => ServerModel;
}

/** The server and the model differ. */
export class Difference extends Error {
  /** Which run of the seed shows it. */
  readonly path: string;

  constructor(message: string, path: string, cause: Error) {
    super(message, { cause });
    this.path = path;
  }
}

/**
 * Runs random scripts against a real server and the model.
 * @throws Difference with the smallest script that shows one
 */
export async function play({
  runs,
  steps,
  seed,
  only,
  model,
  path,
  isFirstEnough = false,
}: PlayOptions): Promise<void> {
  const scripts = fc.oneof(
    ...(only === undefined ? [anyStep, stepOnVariables, ...JOBS.map(stepIn)] : [only]).map((arbitrary) =>
      fc.commands([arbitrary.map(command)], { maxCommands: steps, size: 'max' }),
    ),
  );
  const property = fc.asyncProperty(scripts, async (commands) => {
    const party = await Party.open((model ?? (() => new ServerModel()))());
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
  const details = await fc.check(property, {
    numRuns: runs,
    endOnFailure: isFirstEnough,
    ...(seed !== undefined && { seed }),
    ...(path !== undefined && { path }),
  });
  const { failed, errorInstance, counterexamplePath } = details;
  if (!failed) return;
  const cause = errorInstance instanceof Error ? errorInstance : new Error(String(errorInstance));
  const report = [fc.defaultReportMessage(details), pictureOf(cause)].join('\n');
  throw new Difference(report, counterexamplePath ?? '', cause);
}

/** The shrunk script as a sequence diagram. @returns the names of its files */
function pictureOf(cause: Error): string {
  const [wrong = '', script = ''] = cause.message.split('\nafter\n');
  const lines = script.split('\n').map((line) => line.trim());
  const diagram = diagramOfLines('The server and the model differ', lines, { to: 'server', wrong });
  return writeCounterexample('oracle', diagram);
}
