import type { WorkersView, WorkerView } from '../../views/types.ts';
import type { Reading } from '../lib/reading.ts';
import { count, duration, percent } from '../lib/format.ts';
import { page } from '../lib/paths.ts';
import { reasonOf, replacedTimes } from '../lib/rank-history.ts';
import { goQuery } from '../lib/router.ts';
import { stateName, statePath, toneOf } from '../lib/states.ts';
import { useAge } from '../lib/use-view.ts';
import { Search, SortHead } from './list-tools.tsx';
import { Head, Nothing, Pager, Table } from './parts.tsx';
import { CallText, processText, TileCall } from './running.tsx';
import { StateChips } from './state-chips.tsx';
import { StateMark, StateTag } from './states.tsx';

export const BOARD_SIZE = 100;

interface BoardProps {
  readonly sleigh: string;
  readonly reading: Reading<WorkersView>;
  readonly state: string | undefined;
  readonly isTable: boolean;
  /** Why the failed workers failed, by actor. */
  readonly reasons: ReadonlyMap<string, string>;
}

/** The workers, each at a fixed place by rank. Its colour, shape and label show its state. */
export function Board({ sleigh, reading, state, isTable, reasons }: BoardProps) {
  const age = useAge(reading);
  const { data } = reading;
  if (data === undefined) return <p class="loading">Asking the server…</p>;
  return (
    <>
      <div class="board-tools">
        <StateChips label="Workers in one state" counts={data.counts} state={state} />
        <Search what="workers by rank or host" parameter="worker" />
        <button
          type="button"
          aria-pressed={isTable}
          onClick={() => goQuery({ as: isTable ? undefined : 'table' }, 'replace')}
        >
          As a table
        </button>
      </div>
      {data.items.length === 0 && (
        <Nothing>
          {state === undefined
            ? 'No workers yet. A worker appears when a sentinel fetches a rank from rankCount, and registers with workerIds.'
            : `No worker is ${stateName(state)} at the moment.`}
        </Nothing>
      )}
      {data.items.length > 0 &&
        (isTable ? (
          <WorkerTable sleigh={sleigh} workers={data.items} age={age} />
        ) : (
          <ul class="board">
            {data.items.map((worker) => (
              <Tile
                key={worker.rank}
                sleigh={sleigh}
                worker={worker}
                age={age}
                reason={reasons.get(worker.actor)}
              />
            ))}
          </ul>
        ))}
      <Pager total={data.total} from={data.from} size={BOARD_SIZE} name="workers" />
    </>
  );
}

interface WorkerProps {
  readonly sleigh: string;
  readonly worker: WorkerView;
  /** Milliseconds since the view arrived. */
  readonly age: number;
}

const onTask = ({ onTask }: WorkerView, age: number): string =>
  onTask === undefined ? '' : duration(onTask + age);

function Tile({ sleigh, worker, age, reason }: WorkerProps & { reason: string | undefined }) {
  const { rank, state, host, completed, busyShare, running, rankHistory } = worker;
  const tone = toneOf(state);
  return (
    <li>
      <a
        class={`tile ${tone}`}
        href={page.worker({ name: sleigh }, rank)}
        title={[statePath(state), host, rankHistory && replacedTimes(rankHistory)].filter(Boolean).join(', ')}
      >
        <span class="tile-head">
          <b>{rank}</b>
          <span class="tile-state">
            <StateMark tone={tone} />
            {stateName(state)}
          </span>
        </span>
        <span class="tile-task">
          {state === 'replacing' ? 'is being replaced' : undefined}
          {tone === 'dead' || tone === 'lost' ? reasonOf(worker, reason) : onTask(worker, age)}
        </span>
        {running !== undefined && <TileCall running={running} />}
        <span class="tile-foot">
          <span>{count(completed)} done</span>
          <span>{percent(busyShare)} busy</span>
          {worker.process !== undefined && <span>{processText(worker.process)}</span>}
        </span>
      </a>
    </li>
  );
}

function WorkerTable({
  sleigh,
  workers,
  age,
}: {
  sleigh: string;
  workers: readonly WorkerView[];
  age: number;
}) {
  return (
    <Table
      caption="Workers"
      head={
        <>
          <SortHead by="rank">Rank</SortHead>
          <Head>State</Head>
          <SortHead by="host">Host</SortHead>
          <SortHead by="completed" number>
            Tasks done
          </SortHead>
          <SortHead by="task" number>
            On its task
          </SortHead>
          <Head>Call</Head>
          <Head>Batch</Head>
          <Head number>Attempt</Head>
          <Head number>Time busy</Head>
          <Head number>Process</Head>
          <Head number>Replaced</Head>
          <Head>Client</Head>
        </>
      }
    >
      {workers.map((worker) => (
        <tr key={worker.rank}>
          <th scope="row" class="number">
            <a href={page.worker({ name: sleigh }, worker.rank)}>{worker.rank}</a>
          </th>
          <td>
            <StateTag state={worker.state} />
          </td>
          <td>{worker.host}</td>
          <td class="number">{count(worker.completed)}</td>
          <td class="number">{onTask(worker, age)}</td>
          <td class="wide">{worker.running !== undefined && <CallText running={worker.running} />}</td>
          <td>{worker.batch?.title}</td>
          <td class="number">{worker.attempts}</td>
          <td class="number">{percent(worker.busyShare)}</td>
          <td class="number">{worker.process !== undefined && processText(worker.process)}</td>
          <td class="number">{worker.rankHistory?.replacements}</td>
          <td>{worker.client !== undefined && <a href={page.client(worker.client)}>{worker.client}</a>}</td>
        </tr>
      ))}
    </Table>
  );
}
