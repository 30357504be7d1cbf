import { reasonOf } from '../wire/error-kind.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { PolicyStep } from './policy-command.ts';

/** Whose command it is, and about which task. */
interface Origin {
  readonly workspace: Workspace;
  /** The plugin whose policy it is. */
  readonly plugin: string | undefined;
  /** The name of the machine. */
  readonly machine: string;
  readonly task: number;
}

/**
 * The one command of an actor of a policy. A step without exactly one allowed command has changed nothing, and is logged
 * with the name of its plugin.
 * @param flawOf says why the role does not allow a command, if so
 * @returns undefined if the policy has failed
 */
export function commandIn<Command extends { readonly type: string }>(
  step: PolicyStep<Command>,
  { workspace, plugin, machine, task }: Origin,
  flawOf: (command: Command) => string | undefined,
): Command | undefined {
  const [command] = step.commands;
  const reason = flawOfStep(step) ?? (command && flawOf(command));
  if (reason === undefined) return command;
  workspace.host.log('error', 'a policy failed', {
    workspace: workspace.name,
    ...(plugin !== undefined && { plugin }),
    machine,
    task,
    reason,
    ...(step.error !== undefined && { error: step.error }),
  });
  return undefined;
}

function flawOfStep({ commands, error }: PolicyStep<{ readonly type: string }>): string | undefined {
  if (error !== undefined) return `it has thrown an error: ${reasonOf(error)}`;
  if (commands.length === 1) return undefined;
  const what = commands.length === 0 ? 'nothing' : commands.map(({ type }) => type).join(' and ');
  return `it has commanded ${what}, and must command one thing`;
}

/** @returns why a command cannot wait that long, if so */
export const flawOfTime = (type: string, milliseconds: number): string | undefined =>
  milliseconds >= 0 && Number.isFinite(milliseconds)
    ? undefined
    : `it has commanded a ${type} of ${milliseconds} milliseconds`;
