import type { ClientsView } from '../../views/types.ts';
import { listParameters, Search } from '../components/list-tools.tsx';
import { Clients } from '../components/lists.tsx';
import { Freshness, Nothing, PageHead, Pager, Panel, Waiting } from '../components/parts.tsx';
import { StateChips } from '../components/state-chips.tsx';
import { count } from '../lib/format.ts';
import { api } from '../lib/paths.ts';
import { stateName, withoutDetails } from '../lib/states.ts';
import { useView } from '../lib/use-view.ts';

const SIZE = 100;

export function ClientsPage({ from, query }: { from: number; query: URLSearchParams }) {
  const state = query.get('state') ?? undefined;
  const { search, sort } = listParameters(query);
  const reading = useView<ClientsView>(api('/clients', { state, search, sort, from, count: SIZE }));
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="Clients" />;
  return (
    <>
      <PageHead title="Clients">
        <Freshness status={reading.status} />
      </PageHead>
      <Panel
        title={state === undefined ? 'All clients' : `Clients that are ${stateName(state)}`}
        note={count(data.total)}
      >
        <StateChips label="Clients in one state" counts={withoutDetails(data.counts)} state={state} />
        <div class="list-tools">
          <Search what="clients" />
        </div>
        {data.items.length === 0 && search !== undefined ? (
          <Nothing>No client has “{search}” in its address or its last request.</Nothing>
        ) : data.items.length === 0 ? (
          <Nothing>
            {state === undefined
              ? 'No client is connected.'
              : `No client is ${stateName(state)} at the moment.`}
          </Nothing>
        ) : (
          <Clients clients={data.items} isSortable />
        )}
        <Pager total={data.total} from={data.from} size={SIZE} name="clients" />
      </Panel>
    </>
  );
}
