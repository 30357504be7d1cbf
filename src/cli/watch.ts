import type { Command } from 'commander';
import { NwsError } from '../client/connection/errors.ts';
import { printValue } from './print-value.ts';
import type { ServerFlags } from './server-options.ts';
import { runTool, toolCommand, workspaceOf } from './shell-tool.ts';

interface WatchFlags extends ServerFlags {
  readonly json?: true;
}

const HELP = `
The values that are there come first, then each new one; none is taken out. It ends on Ctrl-C, and with status 0 when the
variable or its workspace goes. Of a variable that holds a single value those are left out that are replaced too soon.`;

/** `sleigh watch`. */
export function addWatchCommand(program: Command): void {
  toolCommand(program, 'watch', 'print the values of a variable, and each new one as it is stored')
    .argument('<workspace>')
    .argument('<variable>')
    .option('--json', 'print each value as a line of JSON: text as a string, bytes as {"base64":"…"}')
    .addHelpText('after', HELP)
    .action((workspace: string, variable: string, flags: WatchFlags) =>
      runTool((signal) => watch(workspace, variable, flags, signal)),
    );
}

async function watch(
  workspace: string,
  variable: string,
  flags: WatchFlags,
  signal: AbortSignal,
): Promise<void> {
  const { json = false } = flags;
  using ws = await workspaceOf(workspace, flags, signal);
  try {
    for await (const found of ws.ifind(variable, { as: 'stream', signal }))
      await printValue(found, { json, lines: true });
  } catch (error) {
    const hasGone = error instanceof NwsError && (error.code === 'purged' || error.code === 'no-workspace');
    if (!hasGone) throw error;
  }
}
