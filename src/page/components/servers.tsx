import type { ClusterView, TakeoverReason, TakeoverView } from '../../views/cluster-types.ts';
import type { Located } from '../../views/whole-types.ts';
import { count, duration } from '../lib/format.ts';
import { pageOfPartition } from '../lib/paths.ts';
import { Fact, Facts, Head, Panel, Table, Time } from './parts.tsx';

/** The servers that share a store. */
export function Servers({ cluster }: { readonly cluster: ClusterView }) {
  const { name, owner, epoch, since, leaseLeft, servers, takeovers, takeoverCount } = cluster;
  const data = cluster.partitions === 1 ? 'the data' : 'this partition';
  return (
    <Panel title="Servers" note={`one owns ${data}; the others forward their clients to it`}>
      <Facts>
        <Fact name="this server">{name}</Fact>
        <Fact name={`owner of ${data}`}>{owner ?? 'not known yet'}</Fact>
        <Fact name="epoch">{count(epoch)}</Fact>
        {since !== null && (
          <Fact name="owner since">
            <Time at={since} withDate />
          </Fact>
        )}
        <Fact name="lease" tone={leaseLeft > 0 ? '' : 'dead'}>
          {leaseLeft > 0 ? `${duration(leaseLeft)} left` : 'over'}
        </Fact>
        <Fact name="takeovers">{count(takeoverCount)}</Fact>
      </Facts>
      {servers.length > 0 && (
        <Table
          caption="Servers that use this store"
          head={
            <>
              <Head>Server</Head>
              <Head>Address for clients</Head>
              <Head>Page</Head>
              <Head>Version</Head>
              <Head>Seen</Head>
            </>
          }
        >
          {servers.map((server) => (
            <tr key={server.name}>
              <th scope="row">
                {server.name}
                {server.name === owner && ' (owner)'}
              </th>
              <td>{server.address}</td>
              <td>
                {server.web === null ? (
                  <span class="faint">none</span>
                ) : (
                  <a href={server.web}>{server.web}</a>
                )}
              </td>
              <td>{server.version}</td>
              <td>{duration(server.ago)} ago</td>
            </tr>
          ))}
        </Table>
      )}
      {takeovers.length > 0 && <Takeovers takeovers={takeovers} />}
    </Panel>
  );
}

/** As a table. On the page of the whole each has its partition. */
export function Takeovers({ takeovers }: { takeovers: readonly (TakeoverView & Partial<Located>)[] }) {
  const isDivided = takeovers.some(({ partition }) => partition !== undefined);
  return (
    <Table
      caption="Takeovers, newest first"
      head={
        <>
          <Head>Taken over</Head>
          {isDivided && <Head number>Partition</Head>}
          <Head number>Epoch</Head>
          <Head>From</Head>
          <Head>To</Head>
          <Head>Why</Head>
        </>
      }
    >
      {takeovers.map((takeover) => (
        <tr key={`${takeover.partition} ${takeover.epoch}`}>
          <td>
            <Time at={takeover.time} withDate />
          </td>
          {takeover.partition !== undefined && (
            <td class="number">
              <a href={pageOfPartition(takeover.partition).overview}>{takeover.partition}</a>
            </td>
          )}
          <td class="number">{count(takeover.epoch)}</td>
          <td>{takeover.from ?? <span class="faint">nobody</span>}</td>
          <td>{takeover.to}</td>
          <td class="wide">{reasonOf(takeover)}</td>
        </tr>
      ))}
    </Table>
  );
}

/** Why a server could claim the data, as a sentence. */
export const reasonOf = ({ reason, from, leaseOver }: TakeoverView): string =>
  REASONS[reason](from ?? 'nobody', leaseOver ?? 0);

const REASONS: Readonly<Record<TakeoverReason, (from: string, leaseOver: number) => string>> = {
  first: () => 'Nobody had owned the data.',
  released: (from) => `${from} had stopped, or given it to another server.`,
  'lease over': (from, leaseOver) => `The lease of ${from} had been over for ${duration(leaseOver)}.`,
  restarted: (from) => `${from} was started again while its lease was valid.`,
};
