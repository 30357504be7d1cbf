/** Tables that several pages use. */
import type { OldSleighSummary } from '../../views/old-sleigh-types.ts';
import type { ClientSummary, RequestView, SleighSummary, WorkspaceSummary } from '../../views/types.ts';
import { count, plural } from '../lib/format.ts';
import { page } from '../lib/paths.ts';
import { SortHead } from './list-tools.tsx';
import { Head, Table, Time } from './parts.tsx';
import { Notices, Progress } from './progress.tsx';
import { StateCounts, StateTag } from './states.tsx';

export function Sleighs({ sleighs, now }: { sleighs: readonly SleighSummary[]; now: number }) {
  return (
    <ul class="cards">
      {sleighs.map((sleigh) => (
        <li key={sleigh.name} class="card">
          <header>
            <h3>
              <a href={page.sleigh(sleigh)}>{sleigh.title}</a>
            </h3>
            <StateTag state={sleigh.state} chart="sleigh" />
          </header>
          <Notices notices={sleigh.notices} now={now} />
          <Progress progress={sleigh.progress} />
          <StateCounts counts={sleigh.workers} none="no workers" />
          <Figures
            figures={{ queued: sleigh.queued, running: sleigh.running, 'results waiting': sleigh.results }}
          />
        </li>
      ))}
    </ul>
  );
}

/** Old-style jobs in plain workspaces. */
export function OldSleighs({ sleighs }: { sleighs: readonly OldSleighSummary[] }) {
  return (
    <ul class="cards">
      {sleighs.map((sleigh) => (
        <li key={sleigh.name} class="card">
          <header>
            <h3>
              <a href={page.workspace(sleigh)}>{sleigh.title}</a>
            </h3>
            <span class="faint">old style</span>
          </header>
          <Figures
            figures={{
              workers: sleigh.workers,
              queued: sleigh.queued,
              running: sleigh.running,
              'results waiting': sleigh.results,
            }}
          />
          {sleigh.lost > 0 && (
            <ul class="notices">
              <li class="trouble">
                {plural(sleigh.lost, 'task was', 'tasks were')} taken by workers that left without a result
              </li>
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}

const Figures = ({ figures }: { figures: Readonly<Record<string, number>> }) => (
  <dl class="pairs-in-line">
    {Object.entries(figures).map(([name, n]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{count(n)}</dd>
      </div>
    ))}
  </dl>
);

/** @param isSortable whether the list is the only one of its page */
export function Workspaces(props: { workspaces: readonly WorkspaceSummary[]; isSortable?: boolean }) {
  const { workspaces, isSortable = false } = props;
  const Column = isSortable ? SortHead : Head;
  return (
    <Table
      caption="Workspaces"
      head={
        <>
          <Column by="name">Workspace</Column>
          <Column by="variables" number>
            Variables
          </Column>
          <Head>Kind</Head>
          <Column by="owner">Owner</Column>
        </>
      }
    >
      {workspaces.map((workspace) => (
        <tr key={workspace.name}>
          <th scope="row">
            <a href={page.workspace(workspace)}>{workspace.title === '' ? '(no name)' : workspace.title}</a>
          </th>
          <td class="number">{count(workspace.variables)}</td>
          <td>
            {workspace.isSleigh && <a href={page.sleigh(workspace)}>sleigh</a>}
            {workspace.isOldSleigh && 'old-style sleigh'}
            {(workspace.isSleigh || workspace.isOldSleigh) && workspace.persistent && ', '}
            {workspace.persistent && 'persistent'}
          </td>
          <td class="wide">{workspace.owner === '' ? <span class="faint">none</span> : workspace.owner}</td>
        </tr>
      ))}
    </Table>
  );
}

/** @param isSortable whether the list is the only one of its page */
export function Clients(props: { clients: readonly ClientSummary[]; isSortable?: boolean }) {
  const { clients, isSortable = false } = props;
  const Column = isSortable ? SortHead : Head;
  return (
    <Table
      caption="Clients"
      head={
        <>
          <Column by="id" number>
            Client
          </Column>
          <Head>State</Head>
          <Head>Last request</Head>
          <Column by="peer">Peer</Column>
          <Column by="requests" number>
            Requests
          </Column>
          {isSortable && <Column by="since">Since</Column>}
        </>
      }
    >
      {clients.map(({ id, state, last, peer, requests, connectedAt }) => (
        <tr key={id}>
          <th scope="row" class="number">
            <a href={page.client(id)}>{id}</a>
          </th>
          <td>
            <StateTag state={state} chart="connection" />
          </td>
          <td class="wide">
            {last === undefined ? <span class="faint">none</span> : <Request request={last} />}
          </td>
          <td>{peer}</td>
          <td class="number">{count(requests)}</td>
          {isSortable && (
            <td>
              <Time at={connectedAt} />
            </td>
          )}
        </tr>
      ))}
    </Table>
  );
}

/** For example `waits in fetch of job : task`. */
export function Request({ request: { verb, workspace, variable, waits } }: { request: RequestView }) {
  return (
    <span>
      {waits && <b class="waits">waits in </b>}
      <code>{verb}</code>
      {workspace !== undefined && (
        <>
          {' of '}
          <a href={page.workspace(workspace)}>{workspace.title}</a>
          {variable !== undefined && (
            <>
              {' : '}
              <a href={page.variable(workspace, variable)}>{variable.title}</a>
            </>
          )}
        </>
      )}
    </span>
  );
}
