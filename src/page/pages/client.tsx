import { encodePart } from '../../views/path-part.ts';
import type { ClientView } from '../../views/types.ts';
import { ActorDetails, useCharts } from '../components/actors.tsx';
import { Request } from '../components/lists.tsx';
import { Fact, Facts, Freshness, Nothing, PageHead, Panel, Time, Waiting } from '../components/parts.tsx';
import { StateTag } from '../components/states.tsx';
import { count } from '../lib/format.ts';
import { api, page } from '../lib/paths.ts';
import { useView } from '../lib/use-view.ts';

export function ClientPage({ id }: { id: string }) {
  const reading = useView<ClientView>(api(`/clients/${encodePart(id)}`));
  const charts = useCharts();
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="client" />;
  const { actor, last, owns, roles } = data;
  return (
    <>
      <PageHead kind="Client" title={String(data.id)} trail={[{ href: page.clients, text: 'Clients' }]}>
        <StateTag state={data.state} chart="connection" />
        <Freshness status={reading.status} />
      </PageHead>
      <Facts>
        <Fact name="peer">{data.peer}</Fact>
        <Fact name="connected">
          <Time at={data.connectedAt} />
        </Fact>
        <Fact name="requests">{count(data.requests)}</Fact>
        {last !== undefined && (
          <Fact name={last.waits ? 'waits since' : 'last request'}>
            <Time at={last.at} />
          </Fact>
        )}
      </Facts>
      <div class="halves">
        <Panel title={last?.waits === true ? 'What it waits for' : 'Last request'}>
          {last === undefined ? (
            <Nothing>It has made no request yet.</Nothing>
          ) : (
            <p class="lead">
              <Request request={last} />
            </p>
          )}
        </Panel>
        <Panel title="Roles">
          {roles.length === 0 && owns.length === 0 && (
            <Nothing>It owns no workspace and is in no sleigh.</Nothing>
          )}
          <ul class="plain">
            {roles.map(({ sleigh, actor }) => (
              <li key={`${sleigh.name} ${actor}`}>
                <a href={page.charts(sleigh, { actor })}>{actor}</a> of the sleigh{' '}
                <a href={page.sleigh(sleigh)}>{sleigh.title}</a>
              </li>
            ))}
            {owns.map((workspace) => (
              <li key={workspace.name}>
                owner of the workspace <a href={page.workspace(workspace)}>{workspace.title}</a>
              </li>
            ))}
          </ul>
        </Panel>
      </div>
      <div class="actors without-tree">
        <ActorDetails actor={actor} chart={charts.find(({ chart }) => chart === actor.chart)} isLive />
      </div>
    </>
  );
}
