import type { ActorsView, ActorView, ChartsView, ChartView } from '../../views/types.ts';
import { count } from '../lib/format.ts';
import { lighting, storyKeys } from '../lib/lighting.ts';
import { actorPath, api, withQuery, type Query } from '../lib/paths.ts';
import { endOf, replacedTimes } from '../lib/rank-history.ts';
import { goQuery, usePlace } from '../lib/router.ts';
import { statePath } from '../lib/states.ts';
import { useView } from '../lib/use-view.ts';
import { Chart } from './chart.tsx';
import { NextMoves } from './next-moves.tsx';
import { Nothing, Pager, Panel, Table, Head, Time } from './parts.tsx';
import { StateTag } from './states.tsx';
import { LastEnd } from './rank-history.tsx';
import { Story } from './story.tsx';
import { supervisorOf, Tree, type Choice } from './tree.tsx';

const SIZE = 50;

/** The machines, which do not change while a server runs. */
export const useCharts = (): readonly ChartView[] =>
  useView<ChartsView>(api('/charts'), 'once').data?.charts ?? [];

interface ActorsProps {
  /** The path of the actors: a sleigh, or a step of a replay. */
  readonly base: string;
  readonly query?: Query;
  readonly how?: 'stream' | 'once';
}

/** A tree of actors, with the machine and the story of the selected one. The address contains the selection. */
export function Actors({ base, query = {}, how = 'stream' }: ActorsProps) {
  const place = usePlace();
  const get = (name: string): string | undefined => place.query.get(name) ?? undefined;
  const from = Number(get('from') ?? 0);
  const chosen: Choice = { actor: get('actor'), chart: get('chart'), state: get('state') };
  const parts = { ...query, chart: chosen.chart, state: chosen.state, from, count: SIZE };
  const { data, status, error } = useView<ActorsView>(withQuery(`${base}/actors`, parts), how);
  const charts = useCharts();
  if (status === 'missing') return <Nothing>{error}</Nothing>;
  if (data === undefined) return <p class="loading">Asking the server…</p>;

  const isNone = chosen.actor === undefined && chosen.chart === undefined;
  const choice = isNone ? { ...chosen, actor: supervisorOf(data)?.actor } : chosen;
  const group = data.groups.find(({ chart }) => chart === choice.chart);
  return (
    <div class="actors">
      <Tree actors={data} choice={choice} />
      {choice.actor !== undefined && (
        <OneActor
          key={choice.actor}
          path={withQuery(actorPath(base, choice.actor), query)}
          how={how}
          charts={charts}
        />
      )}
      {choice.actor === undefined && choice.chart !== undefined && (
        <Crowd charts={charts} name={choice.chart} counts={group?.counts ?? {}} state={choice.state}>
          {data.list}
        </Crowd>
      )}
    </div>
  );
}

export function OneActor(props: { path: string; how: 'stream' | 'once'; charts: readonly ChartView[] }) {
  const { path, how, charts } = props;
  const { data: actor, status, error } = useView<ActorView>(path, how);
  if (status === 'missing') return <Nothing>{error}</Nothing>;
  if (actor === undefined) return <p class="loading">Asking the server…</p>;
  return (
    <ActorDetails
      actor={actor}
      chart={charts.find(({ chart }) => chart === actor.chart)}
      isLive={how === 'stream'}
    />
  );
}

/** @param key of an entry of the story; undefined for the present */
const setChosen = (key: string | undefined): void => goQuery({ entry: key }, 'replace');

/**
 * The highlighted machine of one actor, and its story. Selecting an entry of the story shows the machine at that
 * entry.
 */
export function ActorDetails(props: { actor: ActorView; chart: ChartView | undefined; isLive: boolean }) {
  const { actor, chart, isLive } = props;
  const chosen = usePlace().query.get('entry') ?? undefined;
  const entry = actor.story[storyKeys(actor.story).indexOf(chosen ?? '')];
  const light = chart && lighting(chart, actor, entry);
  const state = entry?.after ?? actor.state;
  const last = entry ?? actor.last;
  const move = chart?.moves.find(({ move }) => move === last?.move);
  const context = Object.entries(actor.context);
  return (
    <>
      <section class="actor-chart" aria-label={`Chart of ${actor.actor}`}>
        <header class="actor-head">
          <h2>{actor.actor}</h2>
          <StateTag state={state} chart={actor.chart} />
          <span class="path">{statePath(state)}</span>
          {entry === undefined ? (
            <span class="fresh live">{isLive ? 'live' : 'at this step'}</span>
          ) : (
            <span class="past">
              <span>
                as it was at <Time at={entry.time} />
              </span>
              <button type="button" class="primary" onClick={() => setChosen(undefined)}>
                {isLive ? 'Back to live' : 'Back to this step'}
              </button>
            </span>
          )}
        </header>
        {chart !== undefined && light !== undefined && (
          <Chart
            chart={chart}
            light={light}
            label={`${chart.title}. ${actor.actor} is in ${statePath(state)}${last === undefined ? '' : `, after ${last.event}`}.`}
          />
        )}
        {last !== undefined && (
          <p class="taken">
            Last: <b>{last.event}</b> {last.detail}{' '}
            {move?.description !== '' && <span class="faint">{move?.description}</span>}
          </p>
        )}
      </section>
      <div class="actor-side">
        <Panel title="Story" note={`${count(actor.story.length)} kept`}>
          <Story story={actor.story} chosen={entry === undefined ? undefined : chosen} onChoose={setChosen} />
        </Panel>
        {chart !== undefined && light !== undefined && (
          <Panel title={entry === undefined ? 'Possible moves' : 'Possible moves at this step'}>
            <NextMoves chart={chart} next={light.next} />
          </Panel>
        )}
        {actor.rankHistory !== undefined && (
          <Panel title="Its rank" note={replacedTimes(actor.rankHistory)}>
            <LastEnd history={actor.rankHistory} />
          </Panel>
        )}
        {context.length > 0 && (
          <Panel title="Context" note={entry === undefined ? undefined : 'now'}>
            <dl class="pairs">
              {context.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{String(value)}</dd>
                </div>
              ))}
            </dl>
          </Panel>
        )}
      </div>
    </>
  );
}

interface CrowdProps {
  readonly charts: readonly ChartView[];
  readonly name: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly state: string | undefined;
  readonly children: ActorsView['list'];
}

/** All actors of one machine: the number in each state, and a list from which single actors can be opened. */
function Crowd({ charts, name, counts, state, children: list }: CrowdProps) {
  const chart = charts.find((known) => known.chart === name);
  const wasReplaced = list.items.some(({ rankHistory }) => (rankHistory?.replacements ?? 0) > 0);
  const numbers = Object.fromEntries(
    Object.entries(counts)
      .filter(([, n]) => n > 0)
      .map(([state, n]) => [state, count(n)]),
  );
  const said = Object.entries(numbers).map(([state, n]) => `${statePath(state)} ${n}`);
  return (
    <>
      <section class="actor-chart" aria-label={`Chart of all ${name}s`}>
        <header class="actor-head">
          <h2>All {name}s</h2>
          {state !== undefined && <StateTag state={state} />}
        </header>
        {chart !== undefined && (
          <Chart
            chart={chart}
            counts={numbers}
            label={`${chart.title}, and how many are in each state: ${said.join(', ')}`}
            onState={(state) => counts[state] !== undefined && goQuery({ state, from: undefined })}
          />
        )}
      </section>
      <div class="actor-side">
        <Panel title={state === undefined ? `All ${name}s` : `${name}s in ${statePath(state)}`} id="crowd">
          {list.items.length === 0 ? (
            <Nothing>None at the moment.</Nothing>
          ) : (
            <Table
              caption={`Actors of the chart ${name}`}
              head={
                <>
                  <Head>Actor</Head>
                  <Head>State</Head>
                  <Head>Last event</Head>
                  {wasReplaced && <Head number>Replaced</Head>}
                  {wasReplaced && <Head>Last end</Head>}
                </>
              }
            >
              {list.items.map(({ actor, chart, state, last, rankHistory }) => (
                <tr key={actor}>
                  <th scope="row">
                    <button
                      type="button"
                      class="link"
                      onClick={() => goQuery({ actor, chart: undefined, state: undefined, from: undefined })}
                    >
                      {actor}
                    </button>
                  </th>
                  <td>
                    <StateTag state={state} chart={chart} />
                  </td>
                  <td>{last?.event}</td>
                  {wasReplaced && <td class="number">{rankHistory?.replacements}</td>}
                  {wasReplaced && <td>{rankHistory?.lastEnd && endOf(rankHistory.lastEnd)}</td>}
                </tr>
              ))}
            </Table>
          )}
          <Pager total={list.total} from={list.from} size={SIZE} name={`${name}s`} />
        </Panel>
      </div>
    </>
  );
}
