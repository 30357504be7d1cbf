/** Tables that several pages use. */
import type { OldSleighSummary } from '../../views/old-sleigh-types.ts';
import type { ClientSummary, RequestView, SleighSummary, WorkspaceSummary } from '../../views/types.ts';
import type { Located } from '../../views/whole-types.ts';
import { count, plural } from '../lib/format.ts';
import { page, pageOfPartition, pagesOf } from '../lib/paths.ts';
import { goQuery } from '../lib/router.ts';
import { JOB_ORDERS } from '../lib/sorted-jobs.ts';
import { Search, SortHead } from './list-tools.tsx';
import { Head, Table, Time } from './parts.tsx';
import { Notices, Progress } from './progress.tsx';
import { StateCounts, StateTag } from './states.tsx';

/** The number of jobs up to which there is nothing to search. */
const FEW = 3;

/** Searches and sorts jobs. */
export function JobTools({ jobs, order }: { jobs: number; order: string }) {
  if (jobs <= FEW) return null;
  return (
    <div class="list-tools">
      <Search what="jobs" />
      <label>
        <span class="hidden">Order of the jobs</span>
        <select
          value={order}
          onChange={({ currentTarget }) => goQuery({ order: currentTarget.value }, 'replace')}
        >
          {Object.entries(JOB_ORDERS).map(([name, { text }]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** Something that is in a partition, if there are several. */
type MayBeLocated<T> = T & Partial<Located>;

export function Sleighs(props: { sleighs: readonly MayBeLocated<SleighSummary>[]; now: number }) {
  const { sleighs, now } = props;
  return (
    <ul class="cards">
      {sleighs.map((sleigh) => (
        <li key={`${sleigh.partition} ${sleigh.name}`} class="card">
          <header>
            <h3>
              <a href={pagesOf(sleigh).sleigh(sleigh)}>{sleigh.title}</a>
            </h3>
            <StateTag state={sleigh.state} chart="sleigh" />
          </header>
          <Notices notices={sleigh.notices} now={now} />
          <Progress progress={sleigh.progress} />
          <StateCounts counts={sleigh.workers} none="no workers" />
          <Figures
            figures={{ queued: sleigh.queued, running: sleigh.running, 'results waiting': sleigh.results }}
          />
          <Place of={sleigh} />
        </li>
      ))}
    </ul>
  );
}

/** Old-style jobs in plain workspaces. */
export function OldSleighs({ sleighs }: { sleighs: readonly MayBeLocated<OldSleighSummary>[] }) {
  return (
    <ul class="cards">
      {sleighs.map((sleigh) => (
        <li key={`${sleigh.partition} ${sleigh.name}`} class="card">
          <header>
            <h3>
              <a href={pagesOf(sleigh).workspace(sleigh)}>{sleigh.title}</a>
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
          <Place of={sleigh} />
        </li>
      ))}
    </ul>
  );
}

/** The partition of a job, on the page of the whole. */
const Place = ({ of: { partition } }: { of: Partial<Located> }) =>
  partition === undefined ? null : (
    <p class="place faint">
      in <a href={pageOfPartition(partition).overview}>partition {partition}</a>
    </p>
  );

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

/** Names the servers whose workspaces may be missing, on the page of the whole. */
export const Silent = ({ servers }: { servers: readonly string[] }) =>
  servers.length === 0 ? null : (
    <ul class="notices">
      <li class="trouble">
        {plural(servers.length, 'server does', 'servers do')} not answer: what is at {servers.join(', ')} is
        old, or missing.
      </li>
    </ul>
  );

/** @param isSortable whether the list is the only one of its page */
export function Workspaces(props: {
  workspaces: readonly MayBeLocated<WorkspaceSummary>[];
  isSortable?: boolean;
}) {
  const { workspaces, isSortable = false } = props;
  const isDivided = workspaces.some(({ partition }) => partition !== undefined);
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
          {isDivided && (
            <Column by="partition" number>
              Partition
            </Column>
          )}
        </>
      }
    >
      {workspaces.map((workspace) => (
        <tr key={`${workspace.partition} ${workspace.name}`}>
          <th scope="row">
            <a href={pagesOf(workspace).workspace(workspace)}>
              {workspace.title === '' ? '(no name)' : workspace.title}
            </a>
          </th>
          <td class="number">{count(workspace.variables)}</td>
          <td>
            {workspace.isSleigh && <a href={pagesOf(workspace).sleigh(workspace)}>sleigh</a>}
            {workspace.isOldSleigh && 'old-style sleigh'}
            {(workspace.isSleigh || workspace.isOldSleigh) && workspace.persistent && ', '}
            {workspace.persistent && 'persistent'}
          </td>
          <td class="wide">{workspace.owner === '' ? <span class="faint">none</span> : workspace.owner}</td>
          {workspace.partition !== undefined && (
            <td class="number">
              <a href={pageOfPartition(workspace.partition).overview}>{workspace.partition}</a>
            </td>
          )}
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
