import type { Command } from 'commander';
import { Option } from 'commander';
import { NetWorkSpace } from '../client/workspace/net-work-space.ts';
import { secondsFrom0 } from './numbers.ts';
import { printValue } from './print-value.ts';
import { serverOf, type ServerFlags } from './server-options.ts';
import { runTool, ToolError, toolCommand, workspaceOf } from './shell-tool.ts';
import { TOOL } from './errors.ts';

interface GetFlags extends ServerFlags {
  readonly take?: true;
  readonly wait?: true;
  readonly timeout?: number;
  readonly json?: true;
}

const HELP = `
Text and bytes are printed as they are, JSON is laid out. The exit status is 1 when there is no value.`;

/** `sleigh get`. */
export function addGetCommand(program: Command): void {
  toolCommand(program, 'get', 'print a value of a variable')
    .argument('<workspace>')
    .argument('<variable>')
    .option('--take', 'remove the value from the variable')
    .option('--wait', 'wait until there is a value')
    .addOption(
      new Option('--timeout <seconds>', 'wait at most this number of seconds').argParser(secondsFrom0),
    )
    .option('--json', 'print JSON: a JSON value as it was stored, text as a string, bytes as {"base64":"…"}')
    .addHelpText('after', HELP)
    .action((workspace: string, variable: string, flags: GetFlags) =>
      runTool((signal) => get(workspace, variable, flags, signal)),
    );
}

async function get(workspace: string, variable: string, flags: GetFlags, signal: AbortSignal): Promise<void> {
  const { take = false, timeout, wait = timeout !== undefined, json = false } = flags;
  using ws = await workspaceOf(workspace, flags, signal);
  const options = { as: 'stream', signal, timeout: timeout && timeout * 1000 } as const;
  if (!wait) await refuseMissing(workspace, variable, flags, signal);
  const found = wait
    ? await (take ? ws.fetch(variable, options) : ws.find(variable, options))
    : await (take ? ws.fetchTry(variable, { as: 'stream' }) : ws.findTry(variable, { as: 'stream' }));
  if (found === undefined) throw new ToolError(TOOL.noValue(variable, workspace));
  await printValue(found, { json, lines: false });
}

/** A get would create a variable that does not exist, so this checks first. */
async function refuseMissing(
  workspace: string,
  variable: string,
  flags: ServerFlags,
  signal: AbortSignal,
): Promise<void> {
  const all = await NetWorkSpace.list({ ...serverOf(flags), signal });
  const names = all.find(({ name }) => name === workspace)?.variables ?? [];
  // A name that contains a comma appears as several names.
  if (!`,${names.join(',')},`.includes(`,${variable},`))
    throw new ToolError(TOOL.noVariable(variable, workspace));
}
