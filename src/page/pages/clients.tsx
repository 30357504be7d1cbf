import type { ClientsView } from '../../views/types.ts';
import { Clients } from '../components/lists.tsx';
import { Freshness, Nothing, PageHead, Pager, Panel, Waiting } from '../components/parts.tsx';
import { count } from '../lib/format.ts';
import { api } from '../lib/paths.ts';
import { useView } from '../lib/use-view.ts';

const SIZE = 100;

export function ClientsPage({ from }: { from: number }) {
  const reading = useView<ClientsView>(api('/clients', { from, count: SIZE }));
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="Clients" />;
  return (
    <>
      <PageHead title="Clients">
        <Freshness status={reading.status} />
      </PageHead>
      <Panel title="All clients" note={count(data.total)}>
        {data.items.length === 0 ? (
          <Nothing>Nobody is connected. Whoever connects is here until its connection closes.</Nothing>
        ) : (
          <Clients clients={data.items} />
        )}
        <Pager total={data.total} from={data.from} size={SIZE} name="clients" />
      </Panel>
    </>
  );
}
