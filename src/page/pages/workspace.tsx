import type { VariableSummary, WorkspaceView } from '../../views/types.ts';
import {
  Fact,
  Facts,
  Freshness,
  Head,
  Nothing,
  PageHead,
  Pager,
  Panel,
  Table,
  Waiting,
} from '../components/parts.tsx';
import { listParameters, Search, SortHead } from '../components/list-tools.tsx';
import { ValuePreview } from '../components/value.tsx';
import { WriteButton } from '../components/writing.tsx';
import { count, plural } from '../lib/format.ts';
import { apiOf, page } from '../lib/paths.ts';
import { go } from '../lib/router.ts';
import { useView } from '../lib/use-view.ts';

const SIZE = 100;

export function WorkspacePage({ name, from, query }: { name: string; from: number; query: URLSearchParams }) {
  const { search, sort } = listParameters(query);
  const reading = useView<WorkspaceView>(
    apiOf(page.workspace({ name }), { search, sort, from, count: SIZE }),
  );
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="workspace" />;
  const metadata = Object.entries(data.metadata);
  return (
    <>
      <PageHead kind="Workspace" title={data.title} trail={[{ href: page.workspaces, text: 'Workspaces' }]}>
        {data.isSleigh && <a href={page.sleigh(data)}>its sleigh</a>}
        <Freshness status={reading.status} />
        <WriteButton
          label="Delete workspace"
          method="DELETE"
          path={apiOf(page.workspace(data))}
          question={
            <>
              The workspace <b>{data.title}</b> and its {plural(data.variables, 'variable')} are deleted, and
              clients that wait in it are notified. This cannot be undone.
            </>
          }
          sure="Delete it"
          onDone={() => go(page.workspaces)}
        />
      </PageHead>
      <Facts>
        <Fact name="variables">{count(data.variables)}</Fact>
        <Fact name="persistent">{data.persistent ? 'yes' : 'no'}</Fact>
        <Fact name="owner">{data.owner === '' ? 'none' : data.owner}</Fact>
      </Facts>
      <Panel title="Variables">
        <div class="list-tools">
          <Search what="variables" />
        </div>
        {data.list.items.length === 0 && search !== undefined ? (
          <Nothing>No variable has “{search}” in its name.</Nothing>
        ) : data.list.items.length === 0 ? (
          <Nothing>
            No variables yet. A client makes one by <code>store</code>, by <code>declare var</code>, or by
            waiting for one.
          </Nothing>
        ) : (
          <Table
            caption={`Variables of ${data.title}`}
            head={
              <>
                <SortHead by="name">Variable</SortHead>
                <SortHead by="mode">Mode</SortHead>
                <SortHead by="values" number>
                  Values
                </SortHead>
                <SortHead by="fetchers" number>
                  Wait to fetch
                </SortHead>
                <SortHead by="finders" number>
                  Wait to find
                </SortHead>
                <Head>Next value</Head>
              </>
            }
          >
            {data.list.items.map((variable) => (
              <Variable key={variable.name} workspace={data} variable={variable} />
            ))}
          </Table>
        )}
        <Pager total={data.list.total} from={data.list.from} size={SIZE} name="variables" />
      </Panel>
      {metadata.length > 0 && (
        <Panel title="Metadata">
          <dl class="pairs">
            {metadata.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </Panel>
      )}
    </>
  );
}

const Waiters = ({ n }: { n: number }) => <td class={`number ${n > 0 ? 'waits' : ''}`}>{count(n)}</td>;

function Variable({ workspace, variable }: { workspace: WorkspaceView; variable: VariableSummary }) {
  const { title, mode, values, fetchers, finders, preview } = variable;
  return (
    <tr>
      <th scope="row">
        <a href={page.variable(workspace, variable)}>{title === '' ? '(no name)' : title}</a>
      </th>
      <td>{mode}</td>
      <td class="number">{count(values)}</td>
      <Waiters n={fetchers} />
      <Waiters n={finders} />
      <td class="wide">
        <ValuePreview value={preview} values={values} />
      </td>
    </tr>
  );
}
