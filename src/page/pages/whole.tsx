/** The overview of all partitions, wherever they are. */
import type { ComponentChildren } from 'preact';
import type {
  MemberView,
  PartitionState,
  TakeoversView,
  WholeView,
  WholeWorkspacesView,
} from '../../views/whole-types.ts';
import { Silent } from '../components/lists.tsx';
import { JobsPanel, WorkspacesPanel } from '../components/overview-panels.tsx';
import { Partitions } from '../components/partitions.tsx';
import { Fact, Facts, Freshness, Head, PageHead, Panel, Table, Waiting } from '../components/parts.tsx';
import { bytes, count, duration, plural } from '../lib/format.ts';
import { api, page } from '../lib/paths.ts';
import { useView } from '../lib/use-view.ts';

/** The number of workspaces that are shown here. */
const SOME = 8;
/** Milliseconds after which what the store said counts as old. */
const OLD_MS = 5_000;

export function WholePage() {
  const reading = useView<WholeView>(api('/overview'));
  const { data: takeovers } = useView<TakeoversView>(api('/takeovers'));
  const { data: workspaces } = useView<WholeWorkspacesView>(api('/workspaces', { count: SOME }));
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="Overview" />;
  const { partitions, servers, sleighs, oldSleighs } = data;
  const served = partitions.filter(({ state }) => state === 'served').length;
  const silent = servers.filter(({ answers }) => answers === false).length;
  const inTrouble = partitions.reduce((sum, each) => sum + each.inTrouble, 0);
  return (
    <>
      <PageHead title="Overview">
        <Freshness status={reading.status} />
      </PageHead>
      <Troubles whole={data} />
      <Facts>
        <Fact name="servers" tone={silent > 0 ? 'dead' : ''}>
          {silent > 0
            ? `${count(servers.length - silent)} of ${count(servers.length)}`
            : count(servers.length)}
        </Fact>
        <Fact name="partitions served" tone={served < partitions.length ? 'dead' : ''}>
          {served < partitions.length ? `${count(served)} of ${count(partitions.length)}` : count(served)}
        </Fact>
        <Fact name="jobs">{count(data.jobs + oldSleighs.length)}</Fact>
        <Fact name="jobs in trouble" tone={inTrouble > 0 ? 'dead' : ''}>
          {count(inTrouble)}
        </Fact>
        <Fact name="workspaces" href={page.workspaces}>
          {count(data.workspaces)}
        </Fact>
        <Fact name="clients">{count(data.connections)}</Fact>
        <Fact name="blocked">{count(data.blocked)}</Fact>
        <Fact name="held">{bytes(data.bytesHeld)}</Fact>
      </Facts>
      <JobsPanel
        jobs={data}
        note={data.jobs > sleighs.length ? `${sleighs.length} of ${count(data.jobs)}` : undefined}
      />
      <Partitions partitions={partitions} servers={servers} takeovers={takeovers} now={data.now} />
      <Members servers={servers} name={data.name} />
      <WorkspacesPanel total={data.workspaces} workspaces={workspaces?.items}>
        <Silent servers={workspaces?.silent ?? []} />
      </WorkspacesPanel>
    </>
  );
}

/** What is wrong with the whole, in sentences. */
function Troubles({ whole: { partitions, failures, servers, storeAgo, version } }: { whole: WholeView }) {
  const those = (state: PartitionState): string | undefined => {
    const numbers = partitions.filter((each) => each.state === state).map(({ partition }) => partition);
    return numbers.length === 0 ? undefined : namesOf(numbers);
  };
  const unowned = those('unowned');
  const loading = those('loading');
  const unknown = those('unknown');
  const silent = servers.filter(({ answers, partitions: owned }) => answers === false && owned > 0);
  const troubles: ComponentChildren[] = [];
  if (storeAgo === null) troubles.push('The store was not read yet.');
  else if (storeAgo > OLD_MS)
    troubles.push(`The store has not answered for ${duration(storeAgo)}: who owns what may have changed.`);
  if (unowned !== undefined) troubles.push(`No server owns ${unowned}: requests for what is there wait.`);
  for (const { partition, server, reason, times, rests } of failures)
    troubles.push(
      `Server ${server} cannot use partition ${partition}: ${reason}. ${
        times === 1 ? '' : `It has tried ${plural(times, 'time')}. `
      }It tries again ${rests > 0 ? `in ${duration(rests)}` : 'soon'}; docs/cluster.md says how the data is repaired.`,
    );
  for (const { name, answeredAgo, partitions: owned } of silent)
    troubles.push(
      `Server ${name} does not answer${answeredAgo === null ? '' : `, for ${duration(answeredAgo)}`}: ${
        answeredAgo === null ? 'nothing is known of' : 'what is shown is old, of'
      } its ${plural(owned, 'partition')}.`,
    );
  const hints: ComponentChildren[] = [];
  if (loading !== undefined) hints.push(`A server loads ${loading}, and will serve what is there.`);
  if (unknown !== undefined)
    hints.push(`The owner of ${unknown} does not run version ${version}: see its own page for its jobs.`);
  if (troubles.length + hints.length === 0) return null;
  return (
    <ul class="notices">
      {troubles.map((text, i) => (
        <li key={i} class="trouble">
          {text}
        </li>
      ))}
      {hints.map((text, i) => (
        <li key={i} class="hint">
          {text}
        </li>
      ))}
    </ul>
  );
}

/** `partition 3`, `partitions 1, 4 to 7 and 9`. */
function namesOf(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  const texts = runs.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`));
  const list = new Intl.ListFormat('en', { type: 'conjunction' }).format(texts);
  return numbers.length === 1 ? `partition ${list}` : `partitions ${list}`;
}

function Members({ servers, name: own }: { servers: readonly MemberView[]; name: string }) {
  return (
    <Panel
      title="Servers"
      note="each owns some of the partitions, and forwards its clients to the owners of the others"
    >
      <Table
        caption="Servers that use this store"
        head={
          <>
            <Head>Server</Head>
            <Head number>Partitions</Head>
            <Head>Answers</Head>
            <Head>Address for clients</Head>
            <Head>Page</Head>
            <Head>Version</Head>
            <Head>Registered</Head>
          </>
        }
      >
        {servers.map(({ name, partitions, answers, answeredAgo, address, web, version, ago }) => (
          <tr key={name}>
            <th scope="row">
              {name}
              {name === own && ' (this one)'}
            </th>
            <td class="number">{count(partitions)}</td>
            <td>
              {answers === null ? (
                <span class="faint">not asked</span>
              ) : answers ? (
                'yes'
              ) : (
                <b class="failed">no{answeredAgo !== null && `, for ${duration(answeredAgo)}`}</b>
              )}
            </td>
            <td>{address}</td>
            <td>{web === null ? <span class="faint">none</span> : <a href={web}>{web}</a>}</td>
            <td>{version}</td>
            <td>{duration(ago)} ago</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
