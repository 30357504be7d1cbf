import { useState } from 'preact/hooks';
import type { FetchedView, LeaseView, ValueView, VariableView } from '../../views/types.ts';
import type { WaitingView } from '../../views/variable-types.ts';
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
  Time,
  Waiting,
} from '../components/parts.tsx';
import { Value } from '../components/value.tsx';
import { WriteButton } from '../components/writing.tsx';
import { count } from '../lib/format.ts';
import { apiOf, page, bytesAt } from '../lib/paths.ts';
import { go } from '../lib/router.ts';
import { useView } from '../lib/use-view.ts';

const SIZE = 20;

export function VariablePage({ workspace, name, from }: { workspace: string; name: string; from: number }) {
  const path = page.variable({ name: workspace }, { name });
  const reading = useView<VariableView>(apiOf(path, { from, count: SIZE }));
  const [fetched, setFetched] = useState<ValueView | undefined>(undefined);
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="variable" />;
  const { list, waiting, leased, mode, values, fetchers, finders, capacity, storers } = data;
  return (
    <>
      <PageHead
        kind="Variable"
        title={data.title}
        trail={[
          { href: page.workspaces, text: 'Workspaces' },
          { href: page.workspace(data.workspace), text: data.workspace.title },
        ]}
      >
        <Freshness status={reading.status} />
        <WriteButton<FetchedView>
          label="Fetch a value"
          method="POST"
          path={apiOf(`${path}/fetch`)}
          question="This removes the next value from the variable and shows it here. No client gets it."
          sure="Fetch it"
          onDone={({ value }) => setFetched(value)}
        />
        <WriteButton
          label="Delete variable"
          method="DELETE"
          path={apiOf(path)}
          question={
            <>
              The variable <b>{data.title}</b> and its values are deleted, and clients that wait in it are
              notified. This cannot be undone.
            </>
          }
          sure="Delete it"
          onDone={() => go(page.workspace(data.workspace))}
        />
      </PageHead>
      <Facts>
        <Fact name="mode">{mode}</Fact>
        <Fact name="values">{count(values)}</Fact>
        <Fact name="wait to fetch">{count(fetchers)}</Fact>
        <Fact name="wait to find">{count(finders)}</Fact>
        {capacity !== undefined && (
          <>
            <Fact name="capacity">{count(capacity)}</Fact>
            <Fact name="wait to store">{count(storers)}</Fact>
          </>
        )}
      </Facts>
      {fetched !== undefined && (
        <Panel title="Fetched">
          <Value value={fetched} label="taken out" />
        </Panel>
      )}
      {waiting.total > 0 && (
        <Panel title="Clients that wait here" note={count(waiting.total)}>
          <WaitingClients waiting={waiting.items} />
          {waiting.total > waiting.items.length && (
            <p class="note">The first {count(waiting.items.length)} are shown.</p>
          )}
        </Panel>
      )}
      {leased.total > 0 && (
        <Panel title="Values that clients have taken for a time" note={count(leased.total)}>
          <LeasedValues leased={leased.items} />
          {leased.total > leased.items.length && (
            <p class="note">The first {count(leased.items.length)} are shown.</p>
          )}
        </Panel>
      )}
      <Panel title="Values" note="in the order in which they are found">
        {list.items.length === 0 ? (
          <Nothing>
            No value. A client stores one by <code>store</code>
            {fetchers + finders > 0 && '; the clients above wait for it'}.
          </Nothing>
        ) : (
          <div class="values">
            {list.items.map((value, i) => (
              <Value
                key={list.from + i}
                value={value}
                label={`value ${count(list.from + i + 1)}`}
                bytesAt={bytesAt(data, list.from + i)}
              />
            ))}
          </div>
        )}
        <Pager total={list.total} from={list.from} size={SIZE} name="values" />
      </Panel>
    </>
  );
}

function WaitingClients({ waiting }: { waiting: readonly WaitingView[] }) {
  return (
    <Table
      caption="Clients that wait in this variable"
      head={
        <>
          <Head number>Client</Head>
          <Head>Waits in</Head>
          <Head>Peer</Head>
        </>
      }
    >
      {waiting.map(({ client, verb, peer }, i) => (
        <tr key={`${client} ${i}`}>
          <th scope="row" class="number">
            <a href={page.client(client)}>{client}</a>
          </th>
          <td>
            <code>{verb}</code>
          </td>
          <td>{peer}</td>
        </tr>
      ))}
    </Table>
  );
}

function LeasedValues({ leased }: { leased: readonly LeaseView[] }) {
  return (
    <Table
      caption="Values that return unless their client is done with them"
      head={
        <>
          <Head number>Lease</Head>
          <Head>Held by</Head>
          <Head>Since</Head>
          <Head>Returns at</Head>
          <Head>Value</Head>
        </>
      }
    >
      {leased.map(({ lease, peer, since, until, value }) => (
        <tr key={lease}>
          <th scope="row" class="number">
            {lease}
          </th>
          <td>{peer}</td>
          <td>
            <Time at={since} />
          </td>
          <td>
            <Time at={until} />
          </td>
          <td>
            <code>{value.text ?? value.kind}</code>
          </td>
        </tr>
      ))}
    </Table>
  );
}
