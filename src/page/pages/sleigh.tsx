import type { FailedElementsView } from '../../views/progress-types.ts';
import type { FailureView, SleighView, WorkersView } from '../../views/types.ts';
import { Batches } from '../components/batches.tsx';
import { Board, BOARD_SIZE } from '../components/board.tsx';
import { FAILURES_SIZE, FailedElements } from '../components/failed-elements.tsx';
import { Notices, Progress, ReportedBatches } from '../components/progress.tsx';
import {
  Fact,
  Facts,
  Freshness,
  Head,
  Meter,
  Nothing,
  PageHead,
  Pager,
  Panel,
  Table,
  Time,
  Waiting,
} from '../components/parts.tsx';
import { Output } from '../components/output.tsx';
import { Plot } from '../components/plot.tsx';
import { StateCounts, StateTag } from '../components/states.tsx';
import { Timeline } from '../components/timeline.tsx';
import { count, plural } from '../lib/format.ts';
import { apiOf, page } from '../lib/paths.ts';
import { usePlace } from '../lib/router.ts';
import { statePath } from '../lib/states.ts';
import { WriteButton } from '../components/writing.tsx';
import { useAge, useView } from '../lib/use-view.ts';

export function SleighPage({ name, query }: { name: string; query: URLSearchParams }) {
  const state = query.get('state') ?? undefined;
  const from = Number(query.get('from') ?? 0);
  const reading = useView<SleighView>(apiOf(page.sleigh({ name })));
  const workers = useView<WorkersView>(
    apiOf(`${page.sleigh({ name })}/workers`, {
      state,
      search: query.get('worker') ?? undefined,
      sort: query.get('sort') ?? undefined,
      from,
      count: BOARD_SIZE,
    }),
  );
  const failures = useView<FailedElementsView>(
    apiOf(`${page.sleigh({ name })}/failures`, {
      from: Number(query.get('failed') ?? 0),
      count: FAILURES_SIZE,
    }),
  );
  const age = useAge(reading);
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="sleigh" />;
  const { progress } = data;
  const running = new Set(data.reported.filter(({ ended }) => ended === undefined).map(({ id }) => id));
  return (
    <>
      <PageHead kind="Sleigh" title={data.title} trail={[{ href: page.overview, text: 'Overview' }]}>
        <StateTag state={data.state} chart="sleigh" />
        <Freshness status={reading.status} />
        <a class="button primary" href={page.charts(data)}>
          Live charts
        </a>
        <a class="button" href={page.workspace(data)}>
          Workspace
        </a>
        {data.state === 'serving' && (
          <WriteButton
            label="End the job"
            method="POST"
            path={apiOf(`${page.sleigh({ name })}/end`)}
            question={
              <>
                The job <b>{data.title}</b> shuts down: its workers end what they do and leave, and queued
                tasks are not done. This cannot be undone.
              </>
            }
            sure="End it"
            onDone={() => undefined}
          />
        )}
      </PageHead>
      <Notices notices={data.notices} now={data.now + age} />
      <Progress progress={progress} />
      <Facts>
        <Fact name="failed" tone={progress.failed > 0 ? 'dead' : ''}>
          {count(progress.failed)}
        </Fact>
        <Fact name="tasks queued">{count(data.queued)}</Fact>
        <Fact name="running">{count(data.running)}</Fact>
        <Fact name="results waiting">{count(data.results)}</Fact>
        <Fact name="tasks completed">{count(data.completed)}</Fact>
        {data.replacements > 0 && <Fact name="replacements">{count(data.replacements)}</Fact>}
        <Fact name="deaths" tone={data.deaths > 0 ? 'dead' : ''}>
          {count(data.deaths)}
        </Fact>
        <Fact name="a dead worker means">{data.policy}</Fact>
        <Fact name="shutdown">
          <a href={page.charts(data, { actor: 'shutdown' })}>{statePath(data.shutdown)}</a>
        </Fact>
      </Facts>
      <FailedElements
        reading={failures}
        failed={progress.failed}
        path={page.sleigh({ name })}
        name={data.title}
        running={running}
      />
      <Panel title="Batches">
        {data.reported.length > 0 ? (
          <ReportedBatches name={name} batches={data.reported} />
        ) : (
          <Batches batches={data.batches} />
        )}
      </Panel>
      <Panel title="Workers">
        <Board
          sleigh={name}
          reading={workers}
          state={state}
          isTable={query.get('as') === 'table'}
          reasons={new Map(data.failures.map(({ actor, event }) => [actor, event]))}
        />
      </Panel>
      <Panel title="Timeline">
        <Timeline path={apiOf(`${page.sleigh({ name })}/timeline`)} isLive name={data.title} />
      </Panel>
      <Output sleigh={name} rank={undefined} search={query.get('search') ?? ''} />
      {data.failures.length > 0 && (
        <Panel
          title="Failures of workers"
          note={data.failures.length === 100 ? 'the newest 100' : plural(data.failures.length, 'failure')}
        >
          <Failures sleigh={data} failures={data.failures} />
        </Panel>
      )}
      <div class="plots">
        <Plot title="Tasks and results" series={data.history} names={['queued', 'running', 'results']} />
        <Plot
          title="Workers busy, tasks a second"
          series={data.history}
          names={['busy', 'completed a second']}
        />
      </div>
      <div class="halves">
        <Panel title="Join phase" note={<a href={page.charts(data, { actor: 'joinPhase' })}>its chart</a>}>
          <JoinPhase sleigh={data} />
        </Panel>
        <Panel title="Sentinels">
          {Object.keys(data.sentinels).length === 0 ? (
            <Nothing>
              No sentinels yet. One stands beside the workers of a host, and waits in a fetch of{' '}
              <code>alive</code>.
            </Nothing>
          ) : (
            <StateCounts counts={data.sentinels} />
          )}
          <p class="note">
            The sleigh began at <Time at={data.startedAt} withDate />.
          </p>
        </Panel>
      </div>
    </>
  );
}

function JoinPhase({ sleigh: { join } }: { sleigh: SleighView }) {
  const { state, maximum, ranksGiven, registered, expected, isFrozen } = join;
  return (
    <>
      <p class="lead">
        <StateTag state={state} chart="joinPhase" />{' '}
        {state.includes('.') && <span class="faint">{statePath(state)}</span>}
      </p>
      <Meter share={expected === 0 ? 0 : registered / expected} label="registered of those expected" />
      <dl class="pairs">
        <div>
          <dt>registered</dt>
          <dd>
            {count(registered)} of {count(expected)} expected
          </dd>
        </div>
        <div>
          <dt>ranks given out</dt>
          <dd>{count(ranksGiven)}</dd>
        </div>
        <div>
          <dt>maximum</dt>
          <dd>
            {maximum < 0 ? 'none' : count(maximum)}
            {isFrozen && ', frozen'}
          </dd>
        </div>
      </dl>
    </>
  );
}

function Failures({ sleigh, failures }: { sleigh: SleighView; failures: readonly FailureView[] }) {
  const from = Number(usePlace().query.get('ended') ?? 0);
  return (
    <>
      <Table
        caption="Failures, the newest first"
        head={
          <>
            <Head>When</Head>
            <Head>Who</Head>
            <Head>What</Head>
            <Head>Because of</Head>
            <Head>Clause</Head>
          </>
        }
      >
        {failures.slice(from, from + FAILURES_SIZE).map(({ time, actor, what, event, clause }, i) => (
          <tr key={`${time} ${actor} ${i}`}>
            <td>
              <Time at={time} />
            </td>
            <th scope="row">
              <a href={page.charts(sleigh, { actor })}>{actor}</a>
            </th>
            <td class="wide">{what}</td>
            <td>
              <code>{event}</code>
            </td>
            <td>{clause}</td>
          </tr>
        ))}
      </Table>
      <Pager
        total={failures.length}
        from={from}
        size={FAILURES_SIZE}
        name="failures of workers"
        parameter="ended"
      />
    </>
  );
}
