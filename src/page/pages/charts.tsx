import type { ChartView } from '../../views/types.ts';
import { useCharts } from '../components/actors.tsx';
import { Chart } from '../components/chart.tsx';
import { Head, Nothing, PageHead, Panel, Table } from '../components/parts.tsx';
import { page } from '../lib/paths.ts';
import { statePath } from '../lib/states.ts';

/** All machines, without actors. */
export function ChartsPage({ chart: name }: { chart: string | undefined }) {
  const charts = useCharts();
  const chosen = charts.find(({ chart }) => chart === name) ?? charts[0];
  if (chosen === undefined) return <p class="loading">Asking the server…</p>;
  return (
    <>
      <PageHead kind="Chart" title={chosen.title} />
      <nav class="chips" aria-label="Charts">
        {charts.map(({ chart, title }) => (
          <a
            key={chart}
            class="chip"
            href={page.chart(chart)}
            aria-current={chart === chosen.chart ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {name !== undefined && chosen.chart !== name && (
        <Nothing>There is no chart {name}; this is another one.</Nothing>
      )}
      <p class="about">{chosen.about}</p>
      <section class="actor-chart" aria-label={`Drawing of ${chosen.title}`}>
        <Chart
          key={chosen.chart}
          chart={chosen}
          label={`${chosen.title}. The table below has the same content.`}
        />
      </section>
      <Panel title="Moves">
        <Moves chart={chosen} />
      </Panel>
    </>
  );
}

function Moves({ chart }: { chart: ChartView }) {
  return (
    <Table
      caption={`Moves of ${chart.title}`}
      class="all-moves"
      head={
        <>
          <Head>In</Head>
          <Head>Event</Head>
          <Head>If</Head>
          <Head>To</Head>
          <Head>Does</Head>
          <Head>Clause</Head>
          <Head>What happens</Head>
        </>
      }
    >
      {chart.moves.map(({ move, source, event, guard, order, target, actions, clauses, description }) => (
        <tr key={move}>
          <td>{source === '' ? <span class="faint">any state</span> : statePath(source)}</td>
          <th scope="row">{event}</th>
          <td>
            {order !== undefined && <b title="The guards are tried in this order.">{order}. </b>}
            {guard}
          </td>
          <td>{target === undefined ? <span class="faint">stays</span> : statePath(target)}</td>
          <td class="wide">{actions.join(', ')}</td>
          <td>{clauses.join(', ')}</td>
          <td class="wide">{description}</td>
        </tr>
      ))}
    </Table>
  );
}
