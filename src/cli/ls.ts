import type { Command } from 'commander';
import { NetWorkSpace } from '../client/workspace/net-work-space.ts';
import { kindOf } from './jobs.ts';
import { jsonLine } from './json-line.ts';
import { print } from './output.ts';
import { serverOf, type ServerFlags } from './server-options.ts';
import { runTool, toolCommand, workspaceOf } from './shell-tool.ts';
import { shown, table } from './table.ts';

interface LsFlags extends ServerFlags {
  readonly json?: true;
}

/** `sleigh ls`. */
export function addLsCommand(program: Command): void {
  toolCommand(program, 'ls', 'list the workspaces of a server, or the variables of one')
    .argument('[workspace]', 'list the variables of this workspace')
    .option('--json', 'print one line of JSON')
    .action((workspace: string | undefined, flags: LsFlags) =>
      runTool(async (signal) => {
        const { json = false } = flags;
        if (workspace === undefined) await listWorkspaces(flags, json, signal);
        else await listVariables(workspace, flags, json, signal);
      }),
    );
}

async function listWorkspaces(flags: ServerFlags, json: boolean, signal: AbortSignal): Promise<void> {
  const all = await NetWorkSpace.list({ ...serverOf(flags), signal });
  // This connection owns none of them.
  const found = all.map((workspace) => {
    const { name, owner, isPersistent, variables } = workspace;
    return { name, kind: kindOf(workspace), owner, isPersistent, variables };
  });
  if (json) return print(jsonLine(found));
  const rows = found.map(({ name, kind, owner, isPersistent, variables }) => [
    shown(name),
    variables.length,
    isPersistent ? 'yes' : 'no',
    kind ?? '-',
    owner,
  ]);
  await print(table(['WORKSPACE', 'VARIABLES', 'PERSISTENT', 'KIND', 'OWNER'], rows));
}

async function listVariables(
  workspace: string,
  flags: ServerFlags,
  json: boolean,
  signal: AbortSignal,
): Promise<void> {
  using ws = await workspaceOf(workspace, flags, signal);
  const found = await ws.list();
  if (json) return print(jsonLine(found));
  const rows = found.map(({ name, mode, values, fetchers, finders }) => [
    shown(name),
    mode,
    values,
    fetchers,
    finders,
  ]);
  await print(table(['VARIABLE', 'MODE', 'VALUES', 'FETCHERS', 'FINDERS'], rows));
}
