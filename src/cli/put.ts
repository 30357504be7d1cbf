import { Option, type Command } from 'commander';
import { NetWorkSpace } from '../client/workspace/net-work-space.ts';
import type { Mode } from '../client/workspace/variable.ts';
import { inMemory, readInput, type GivenValue } from './given-value.ts';
import { serverOf, type ServerFlags } from './server-options.ts';
import { runTool, ToolError, toolCommand, workspaceOf } from './shell-tool.ts';
import { TOOL } from './errors.ts';

interface PutFlags extends ServerFlags {
  readonly json?: true;
  readonly create?: true;
  readonly mode?: Mode;
}

const MODES: readonly Mode[] = ['fifo', 'lifo', 'single', 'multi'];

const HELP = `
The value is stored as text if it is UTF-8, else as bytes. It may be of any size.

  sleigh put shop greeting hello --create
  sleigh put shop orders '{"cakes":2}' --json
  tar c folder | sleigh put shop backup`;

/** `sleigh put`. */
export function addPutCommand(program: Command): void {
  toolCommand(program, 'put', 'store a value into a variable')
    .argument('<workspace>')
    .argument('<variable>')
    .argument('[value]', 'the value; standard input is read when it is left out')
    .option('--json', 'store the value as JSON, not as text')
    .option('--create', 'create the workspace if it does not exist; it stays until it is deleted')
    .addOption(new Option('--mode <mode>', 'declare the mode of the variable').choices(MODES))
    .addHelpText('after', HELP)
    .action((workspace: string, variable: string, value: string | undefined, flags: PutFlags) =>
      runTool(async (signal) => {
        using ws = await workspaceFor(workspace, flags, signal);
        await using given = value === undefined ? await readInput(signal) : inMemory([Buffer.from(value)]);
        const type = flags.json === true ? await checkedJson(given) : given.isUtf8 ? 'text' : 'bytes';
        await ws
          .variable(variable, flags.mode)
          .storeStream({ size: given.size, bytes: given.bytes() }, { type });
      }),
    );
}

async function workspaceFor(name: string, flags: PutFlags, signal: AbortSignal): Promise<NetWorkSpace> {
  try {
    return await workspaceOf(name, flags, signal);
  } catch (error) {
    if (flags.create !== true || !(error instanceof ToolError)) throw error;
    return NetWorkSpace.open(name, {
      ...serverOf(flags),
      followOwner: false,
      signal,
      persistent: true,
      label: 'sleigh put',
    });
  }
}

/** @throws ToolError if it is not JSON */
async function checkedJson(given: GivenValue): Promise<'json'> {
  const pieces: Uint8Array[] = [];
  for await (const piece of given.bytes()) pieces.push(piece);
  try {
    JSON.parse(Buffer.concat(pieces).toString());
  } catch (cause) {
    throw new ToolError(TOOL.badJson(cause instanceof Error ? cause.message : ''), { cause });
  }
  return 'json';
}
