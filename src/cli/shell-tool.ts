import type { Command } from 'commander';
import { ConnectionLostError, NwsError, TimeoutError } from '../client/connection/errors.ts';
import { NetWorkSpace } from '../client/workspace/net-work-space.ts';
import { failWith } from './fail.ts';
import { Interruption } from './interruption.ts';
import { OutputError } from './output.ts';
import { serverOf, serverOptions, type ServerFlags } from './server-options.ts';
import { stopWhenToldTo } from './stop.ts';
import { TOOL } from './errors.ts';
import type { ErrorText } from '../wire/error-kind.ts';

/** An error of a shell command. The message describes it in one line. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly code: ToolErrorCode;

  constructor({ code, message }: ErrorText<ToolErrorCode>, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type ToolErrorCode =
  | 'no-workspace'
  | 'no-variable'
  | 'no-value'
  | 'no-job'
  | 'no-json'
  | 'no-room'
  | 'binary';

/** Errors whose message is sufficient. */
const PLAIN = [OutputError, ToolError, ConnectionLostError, NwsError, TimeoutError, TypeError];

/** @returns the command, with the options that select a server */
export function toolCommand(program: Command, name: string, description: string): Command {
  const command = program.command(name).description(description);
  for (const option of serverOptions()) command.addOption(option);
  return command;
}

/** Runs a tool, and exits with 0, with one line and 1, or with the status of an interruption. */
export async function runTool(use: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  stopWhenToldTo(stop);
  try {
    await use(stop.signal);
  } catch (error) {
    const why: unknown = stop.signal.aborted ? stop.signal.reason : error;
    if (why instanceof Interruption) process.exit(why.status);
    failWith(
      why,
      PLAIN.some((kind) => why instanceof kind),
    );
  }
}

/** @throws ToolError if there is no such workspace; ConnectionLostError */
export async function workspaceOf(
  name: string,
  flags: ServerFlags,
  signal: AbortSignal,
): Promise<NetWorkSpace> {
  try {
    return await NetWorkSpace.use(name, { ...serverOf(flags), followOwner: false, create: false, signal });
  } catch (error) {
    if (error instanceof NwsError && error.code === 'no-workspace')
      throw new ToolError(TOOL.noWorkspace(name), { cause: error });
    throw error;
  }
}
