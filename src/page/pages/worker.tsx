import type { RunningTaskView } from '../../views/running-types.ts';
import type { WorkerDetailsView } from '../../views/types.ts';
import { CallText, functionName, processText } from '../components/running.tsx';
import { Output } from '../components/output.tsx';
import { Fact, Facts, Freshness, Nothing, PageHead, Panel, Time, Waiting } from '../components/parts.tsx';
import { LastEnd } from '../components/rank-history.tsx';
import { StateTag } from '../components/states.tsx';
import { count, duration, percent } from '../lib/format.ts';
import { apiOf, page } from '../lib/paths.ts';
import { replacedTimes } from '../lib/rank-history.ts';
import { WriteButton } from '../components/writing.tsx';
import { useAge, useView } from '../lib/use-view.ts';

/** One worker: what it does now, and what it wrote. */
export function WorkerPage({ name, rank, query }: { name: string; rank: string; query: URLSearchParams }) {
  const reading = useView<WorkerDetailsView>(apiOf(page.worker({ name }, Number(rank))));
  const age = useAge(reading);
  const { data } = reading;
  if (data === undefined) return <Waiting reading={reading} what="worker" />;
  const { sleigh, host, completed, busyShare, rankHistory, client, running } = data;
  return (
    <>
      <PageHead
        kind="Worker"
        title={String(data.rank)}
        trail={[
          { href: page.overview, text: 'Overview' },
          { href: page.sleigh(sleigh), text: sleigh.title },
        ]}
      >
        <StateTag state={data.state} chart="worker" />
        <Freshness status={reading.status} />
        <a class="button primary" href={page.charts(sleigh, { actor: data.actor })}>
          Live chart
        </a>
        {data.process !== undefined && (
          <WriteButton
            label="Stop worker"
            method="POST"
            path={apiOf(`${page.worker(sleigh, data.rank)}/stop`)}
            question={
              <>
                The process of worker <b>{data.rank}</b> is killed and replaced. Its task is done again by
                another worker, or fails, as if the worker had died by itself.
              </>
            }
            sure="Stop it"
            onDone={() => undefined}
          />
        )}
      </PageHead>
      <Panel title="What it does now">
        {running === undefined ? (
          <Nothing>It has no task.</Nothing>
        ) : (
          <Now running={running} now={data.now + age} />
        )}
      </Panel>
      <Facts>
        {host !== '' && <Fact name="host">{host}</Fact>}
        {data.process !== undefined && <Fact name="process">{processText(data.process)}</Fact>}
        <Fact name="tasks completed">{count(completed)}</Fact>
        <Fact name="time busy">{percent(busyShare)}</Fact>
        {client !== undefined && (
          <Fact name="client">
            <a href={page.client(client)}>{client}</a>
          </Fact>
        )}
      </Facts>
      {rankHistory !== undefined && (rankHistory.replacements > 0 || rankHistory.lastEnd !== undefined) && (
        <Panel title="Its rank" note={replacedTimes(rankHistory)}>
          <LastEnd history={rankHistory} />
        </Panel>
      )}
      <Output sleigh={name} rank={data.rank} search={query.get('search') ?? ''} />
    </>
  );
}

function Now({ running, now }: { running: RunningTaskView; now: number }) {
  const { module, batch, index, since, taskSince, attempt, element } = running;
  return (
    <>
      <p class="lead">
        <CallText running={{ ...running, index: undefined }} />{' '}
        <span class="faint">for {duration(now - since)}</span>
      </p>
      <dl class="pairs narrow">
        {functionName(running) !== '' && (
          <div>
            <dt>module</dt>
            <dd>
              <code>{module}</code>
            </dd>
          </div>
        )}
        <div>
          <dt>element</dt>
          <dd>{index === undefined ? element === undefined && 'one of a task of several' : count(index)}</dd>
        </div>
        {batch !== undefined && (
          <div>
            <dt>batch</dt>
            <dd>{batch.title}</dd>
          </div>
        )}
        <div>
          <dt>attempt</dt>
          <dd>{count(attempt)}</dd>
        </div>
        <div>
          <dt>since</dt>
          <dd>
            <Time at={since} />
          </dd>
        </div>
        {since - taskSince > 1_000 && (
          <div>
            <dt>task since</dt>
            <dd>
              <Time at={taskSince} />
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}
