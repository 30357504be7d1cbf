/** Tables that stand on more than one page. */
import type { ClientSummary, RequestView, SleighSummary, WorkspaceSummary } from '../../views/types.ts';
import { count } from '../lib/format.ts';
import { page } from '../lib/paths.ts';
import { notices } from '../lib/stuck.ts';
import { Head, Table, Time } from './parts.tsx';
import { StateBar, StateCounts, StateTag } from './states.tsx';

export function Sleighs({ sleighs }: { sleighs: readonly SleighSummary[] }) {
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
          <StateBar counts={sleigh.workers} />
          <StateCounts counts={sleigh.workers} />
          <dl class="pairs-in-line">
            <div>
              <dt>queued</dt>
              <dd>{count(sleigh.queued)}</dd>
            </div>
            <div>
              <dt>running</dt>
              <dd>{count(sleigh.running)}</dd>
            </div>
            <div>
              <dt>results waiting</dt>
              <dd>{count(sleigh.results)}</dd>
            </div>
          </dl>
          <Notices sleigh={sleigh} />
        </li>
      ))}
    </ul>
  );
}

/** Why it may be stuck. */
export function Notices({ sleigh }: { sleigh: SleighSummary }) {
  const all = notices(sleigh);
  if (all.length === 0) return null;
  return (
    <ul class="notices">
      {all.map(({ kind, text }) => (
        <li key={text} class={kind}>
          {text}
        </li>
      ))}
    </ul>
  );
}

export function Workspaces({ workspaces }: { workspaces: readonly WorkspaceSummary[] }) {
  return (
    <Table
      caption="Workspaces"
      head={
        <>
          <Head>Workspace</Head>
          <Head number>Variables</Head>
          <Head>Kind</Head>
          <Head>Owner</Head>
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

export function Clients({ clients }: { clients: readonly ClientSummary[] }) {
  return (
    <Table
      caption="Clients"
      head={
        <>
          <Head number>Client</Head>
          <Head>State</Head>
          <Head>Last request</Head>
          <Head>Peer</Head>
          <Head number>Requests</Head>
          <Head>Since</Head>
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
          <td>
            <Time at={connectedAt} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Such as `waits in fetch of job : task`. */
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
