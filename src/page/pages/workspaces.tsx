import type { WorkspacesView } from '../../views/types.ts';
import type { WholeWorkspacesView } from '../../views/whole-types.ts';
import { listParameters, Search } from '../components/list-tools.tsx';
import { Silent, Workspaces } from '../components/lists.tsx';
import { Freshness, Nothing, PageHead, Pager, Panel, Waiting } from '../components/parts.tsx';
import { count } from '../lib/format.ts';
import { api } from '../lib/paths.ts';
import { useView } from '../lib/use-view.ts';

const SIZE = 100;

export function WorkspacesPage({ from, query }: { from: number; query: URLSearchParams }) {
  const { search, sort } = listParameters(query);
  const reading = useView<WorkspacesView & Partial<WholeWorkspacesView>>(
    api('/workspaces', { search, sort, from, count: SIZE }),
  );
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="Workspaces" />;
  return (
    <>
      <PageHead title="Workspaces">
        <Freshness status={reading.status} />
      </PageHead>
      <Panel title="All workspaces" note={count(data.total)}>
        <div class="list-tools">
          <Search what="workspaces" />
        </div>
        <Silent servers={data.silent ?? []} />
        {data.items.length === 0 && search !== undefined ? (
          <Nothing>No workspace has “{search}” in its name or owner.</Nothing>
        ) : data.items.length === 0 ? (
          <Nothing>
            No workspaces yet. A client makes one by <code>open ws</code> with a name of its choice, and a job
            makes one of its own.
          </Nothing>
        ) : (
          <Workspaces workspaces={data.items} isSortable />
        )}
        <Pager total={data.total} from={data.from} size={SIZE} name="workspaces" />
      </Panel>
    </>
  );
}
