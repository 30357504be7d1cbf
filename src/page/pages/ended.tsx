/** Jobs that have ended. */
import type { EndedJobSummary, EndedJobsView, EndedJobView } from '../../views/ended-types.ts';
import type { FailedElementsView } from '../../views/progress-types.ts';
import { FAILURES_SIZE, FailedElements } from '../components/failed-elements.tsx';
import { Progress, ReportedBatches } from '../components/progress.tsx';
import {
  Fact,
  Facts,
  Head,
  Nothing,
  PageHead,
  Pager,
  Panel,
  Table,
  Time,
  Waiting,
} from '../components/parts.tsx';
import { Timeline } from '../components/timeline.tsx';
import { count, duration } from '../lib/format.ts';
import { api, apiOf, page } from '../lib/paths.ts';
import { useView } from '../lib/use-view.ts';

const SIZE = 50;
const TRAIL = { href: page.overview, text: 'Overview' };

/** All of them, newest first. */
export function EndedJobsPage({ from }: { from: number }) {
  const reading = useView<EndedJobsView>(api('/ended', { from, count: SIZE }));
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="Ended jobs" />;
  return (
    <>
      <PageHead title="Ended jobs" trail={[TRAIL]} />
      {data.total === 0 ? (
        <Nothing>No job has ended yet. Jobs are kept here for some days (serve --history).</Nothing>
      ) : (
        <Panel title="All ended jobs" note={count(data.total)}>
          <EndedJobs jobs={data.items} />
          <Pager total={data.total} from={from} size={SIZE} name="ended jobs" />
        </Panel>
      )}
    </>
  );
}

export function EndedJobs({ jobs }: { jobs: readonly EndedJobSummary[] }) {
  return (
    <Table
      caption="Jobs that have ended, the newest first"
      head={
        <>
          <Head>Job</Head>
          <Head>Ended</Head>
          <Head number>Took</Head>
          <Head number>Tasks</Head>
          <Head number>Failed</Head>
          <Head number>Workers</Head>
          <Head number>Deaths</Head>
        </>
      }
    >
      {jobs.map(({ id, title, startedAt, endedAt, accepted, answered, failed, ranks, deaths }) => (
        <tr key={id}>
          <th scope="row" class="wide">
            <a href={page.endedJob(id)}>{title}</a>
          </th>
          <td>
            <Time at={endedAt} withDate />
          </td>
          <td class="number">{duration(endedAt - startedAt)}</td>
          <td class="number">
            {count(answered)} of {count(accepted)}
          </td>
          <td class="number">{failed > 0 ? <b class="failed">{count(failed)}</b> : '0'}</td>
          <td class="number">{count(ranks)}</td>
          <td class="number">{deaths > 0 ? <b class="failed">{count(deaths)}</b> : '0'}</td>
        </tr>
      ))}
    </Table>
  );
}

/** One of them, as it was when it ended. */
export function EndedJobPage({ id, query }: { id: string; query: URLSearchParams }) {
  const path = page.endedJob(id);
  const reading = useView<EndedJobView>(apiOf(path), 'once');
  const failures = useView<FailedElementsView>(
    apiOf(`${path}/failures`, { from: Number(query.get('failed') ?? 0), count: FAILURES_SIZE }),
    'once',
  );
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="Ended job" />;
  const { title, startedAt, endedAt, progress, accepted, answered, ranks, deaths, replacements, policy } =
    data;
  return (
    <>
      <PageHead kind="Ended job" title={title} trail={[TRAIL, { href: page.ended, text: 'Ended jobs' }]} />
      <Progress progress={progress} />
      <Facts>
        <Fact name="failed" tone={progress.failed > 0 ? 'dead' : ''}>
          {count(progress.failed)}
        </Fact>
        <Fact name="tasks with a result">
          {count(answered)} of {count(accepted)}
        </Fact>
        <Fact name="workers">{count(ranks)}</Fact>
        {replacements > 0 && <Fact name="replacements">{count(replacements)}</Fact>}
        <Fact name="deaths" tone={deaths > 0 ? 'dead' : ''}>
          {count(deaths)}
        </Fact>
        <Fact name="a dead worker meant">{policy}</Fact>
        <Fact name="took">{duration(endedAt - startedAt)}</Fact>
      </Facts>
      <p class="note">
        It began at <Time at={startedAt} withDate /> and ended at <Time at={endedAt} withDate />.
      </p>
      <FailedElements reading={failures} failed={progress.failed} path={path} name={title} running={NONE} />
      {data.batches.length > 0 && (
        <Panel title="Batches">
          <ReportedBatches name={undefined} batches={data.batches} />
        </Panel>
      )}
      <Panel title="Timeline">
        <Timeline path={apiOf(`${path}/timeline`)} isLive={false} name={title} />
      </Panel>
    </>
  );
}

/** Nothing of an ended job runs. */
const NONE: ReadonlySet<string> = new Set();
