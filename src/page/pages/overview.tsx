import type { EndedJobsView } from '../../views/ended-types.ts';
import type { ClientsView, OverviewView, WorkspacesView } from '../../views/types.ts';
import { Servers } from '../components/servers.tsx';
import { Storage } from '../components/storage.tsx';
import { Violations } from '../components/violations.tsx';
import { Clients } from '../components/lists.tsx';
import { JobsPanel, WorkspacesPanel } from '../components/overview-panels.tsx';
import { Fact, Facts, Freshness, Nothing, PageHead, Panel, Time, Waiting } from '../components/parts.tsx';
import { EndedJobs } from './ended.tsx';
import { Plot } from '../components/plot.tsx';
import { bytes, count, duration } from '../lib/format.ts';
import { api, page } from '../lib/paths.ts';
import { useView } from '../lib/use-view.ts';

/** The number of items of a list that are shown here. */
const SOME = 8;

export function OverviewPage() {
  const reading = useView<OverviewView>(api('/overview'));
  const { data: workspaces } = useView<WorkspacesView>(api('/workspaces', { count: SOME }));
  const { data: ended } = useView<EndedJobsView>(api('/ended', { count: SOME }));
  const { data: clients } = useView<ClientsView>(api('/clients', { count: SOME }));
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="Overview" />;
  const requests = Object.entries(data.requests).sort(([, a], [, b]) => b - a);
  return (
    <>
      <PageHead title="Overview">
        <Freshness status={reading.status} />
      </PageHead>
      <Facts>
        <Fact name="clients" href={page.clients}>
          {count(data.connections)}
        </Fact>
        <Fact name="blocked" href={page.clients}>
          {count(data.blocked)}
        </Fact>
        <Fact name="sleighs">{count(data.sleighs.length + data.oldSleighs.length)}</Fact>
        <Fact name="workspaces" href={page.workspaces}>
          {count(data.workspaces)}
        </Fact>
        <Fact name="variables">{count(data.variables)}</Fact>
        <Fact name="held">{bytes(data.bytesHeld)}</Fact>
        {data.verification !== null && (
          <Fact name="violations" tone={data.verification.violations > 0 ? 'dead' : ''}>
            {count(data.verification.violations)}
          </Fact>
        )}
        <Fact name="up for">
          <span title="since it started">{duration(data.now - data.startedAt)}</span>
        </Fact>
      </Facts>
      {data.verification !== null && data.verification.violations > 0 && (
        <Violations verification={data.verification} />
      )}
      <JobsPanel jobs={data} note={data.sleighs.length === 100 ? 'the newest 100' : undefined} />
      {ended !== undefined && ended.total > 0 && (
        <Panel title="Ended jobs" note={<a href={page.ended}>all {count(ended.total)}</a>}>
          <EndedJobs jobs={ended.items} />
        </Panel>
      )}
      <div class="plots">
        <Plot title="Requests a second" series={data.rates} names={['requests']} />
        <Plot title="Traffic a second" series={data.rates} names={['bytes in', 'bytes out']} format={bytes} />
      </div>
      {data.cluster !== null && <Servers cluster={data.cluster} />}
      {data.storage !== null && <Storage storage={data.storage} isShared={data.cluster !== null} />}
      <div class="halves">
        <WorkspacesPanel total={data.workspaces} workspaces={workspaces?.items} />
        <Panel title="Clients" note={<a href={page.clients}>all {count(data.connections)}</a>}>
          {clients !== undefined && clients.items.length > 0 ? (
            <Clients clients={clients.items} />
          ) : (
            <Nothing>
              No client is connected. Clients connect to{' '}
              <code>
                {data.host}:{data.port}
              </code>
              .
            </Nothing>
          )}
        </Panel>
      </div>
      <Panel title="Requests since the start" note={<Time at={data.startedAt} withDate />}>
        {requests.length === 0 ? (
          <Nothing>None yet.</Nothing>
        ) : (
          <dl class="verbs">
            {requests.map(([verb, n]) => (
              <div key={verb}>
                <dt>
                  <code>{verb}</code>
                </dt>
                <dd>{count(n)}</dd>
              </div>
            ))}
          </dl>
        )}
      </Panel>
    </>
  );
}
