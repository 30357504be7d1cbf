import { Sleigh } from '../sleigh/sleigh.ts';
import type { Metadata } from '../wire/payload.ts';
import type { PendingGet } from '../workspace/pending-get.ts';
import type { Variable } from '../workspace/variable.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { shortOf, type Workspaces } from '../workspace/workspaces.ts';
import { named, titleOf } from './names.ts';
import { listOf, pageOf, type Columns, type ListQuery, type Range } from './paging.ts';
import type {
  VariableSummary,
  VariableView,
  WorkspaceSummary,
  WorkspacesView,
  WorkspaceView,
} from './types.ts';
import type { WaitingView } from './variable-types.ts';
import { cutFor, PREVIEW, valueView, type Reading } from './values.ts';

/**
 * In the order in which they were created.
 * @param without the name of one that is left out; undefined for none
 */
export const workspacesView = (workspaces: Workspaces, query: ListQuery, without?: string): WorkspacesView =>
  without === undefined
    ? listOf(workspaces.count, query, workspaces.all, OF_WORKSPACES, summary)
    : listOf(workspaces.count - 1, query, others(workspaces, without), OF_WORKSPACES, summary);

function* others({ all }: Workspaces, without: string): Generator<Workspace> {
  for (const workspace of all) if (workspace.name !== without) yield workspace;
}

const OF_WORKSPACES: Columns<Workspace> = {
  text: ({ name, owner }) => `${titleOf(name)} ${titleOf(owner)}`,
  keys: {
    name: ({ name }) => titleOf(name),
    variables: ({ variableCount }) => variableCount,
    owner: ({ owner }) => titleOf(owner),
  },
};

export const workspaceView = (workspace: Workspace, query: ListQuery, reading: Reading): WorkspaceView => ({
  ...summary(workspace),
  metadata: textsOf(shortOf(workspace.metadata)),
  list: listOf(workspace.variableCount, query, workspace.variables, OF_VARIABLES, (variable) =>
    variableSummary(variable, reading),
  ),
});

const OF_VARIABLES: Columns<Variable> = {
  text: ({ name }) => titleOf(name),
  keys: {
    name: ({ name }) => titleOf(name),
    mode: ({ behaviour }) => behaviour.mode,
    values: ({ behaviour }) => behaviour.counts.values,
    fetchers: ({ behaviour }) => behaviour.counts.fetchers,
    finders: ({ behaviour }) => behaviour.counts.finders,
  },
};

const textsOf = (metadata: Metadata): Record<string, string> =>
  Object.fromEntries(Array.from(metadata, ([name, text]) => [titleOf(name), titleOf(text)]));

const summary = (workspace: Workspace): WorkspaceSummary => ({
  ...named(workspace.name),
  owner: titleOf(workspace.owner),
  persistent: workspace.persistent,
  variables: workspace.variableCount,
  isSleigh: workspace.plugin instanceof Sleigh,
  isOldSleigh: workspace.oldSleigh?.isRunning === true,
});

function variableSummary(variable: Variable, reading: Reading): VariableSummary {
  const { mode, counts, capacity, storers = 0 } = variable.behaviour;
  const [next] = variable.values(0, 1);
  return {
    ...named(variable.name),
    mode,
    ...counts,
    capacity,
    storers,
    preview: next && valueView(next, reading, PREVIEW),
  };
}

export function variableView(
  workspace: Workspace,
  variable: Variable,
  range: Range,
  reading: Reading,
): VariableView {
  const { counts, storers = 0 } = variable.behaviour;
  const { leases } = variable.leasePlace;
  const values = variable.values(range.from, range.count);
  const cut = cutFor(values.length);
  return {
    ...variableSummary(variable, reading),
    workspace: named(workspace.name),
    list: {
      total: counts.values,
      from: range.from,
      items: values.map((value) => valueView(value, reading, cut)),
    },
    leased: pageOf(leases.size, range, leases, ({ number, peer = '', since, until, value }) => ({
      lease: number,
      peer,
      since,
      until,
      value: valueView(value, reading, PREVIEW),
    })),
    waiting: pageOf(counts.fetchers + counts.finders + storers, range, variable.waiting(), waitingView),
  };
}

const waitingView = ({ client, verb }: PendingGet): WaitingView => ({
  client: client.id,
  peer: client.peer,
  verb,
});
