import type { Client } from './ask.ts';
import type { Workspace } from './workspace.ts';

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** What `list wss` tells of one workspace, or of all (W10). */
export function listWorkspaces(workspaces: Iterable<Workspace>, asker: Client): string {
  const lines = [...workspaces].sort(byName).map((workspace) => {
    const mark = workspace.owners.has(asker) ? '>' : ' ';
    const names = [...workspace.variables].map((variable) => variable.name).sort();
    const persistent = workspace.persistent ? 'True' : 'False';
    return [mark + workspace.name, workspace.owner, persistent, names.length, names.join(',')].join('\t');
  });
  return `${lines.join('\n')}\n`;
}

/** What `list vars` tells (V8). */
export function listVariables(workspace: Workspace): string {
  return [...workspace.variables]
    .filter((variable) => !variable.hidden)
    .sort(byName)
    .map(({ name, behaviour }) => {
      behaviour.listed?.();
      const { mode, counts } = behaviour;
      return [name, counts.values, counts.fetchers, counts.finders, mode].join('\t');
    })
    .join('\n');
}
