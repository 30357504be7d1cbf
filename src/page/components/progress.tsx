/** How far a job is, and what failed. */
import type {
  FailedElementsView,
  FailedElementView,
  NoticeView,
  ProgressView,
  ReportedBatchView,
} from '../../views/progress-types.ts';
import { encodePart } from '../../views/path-part.ts';
import type { Reading } from '../lib/reading.ts';
import { compact, count, duration, percent, plural } from '../lib/format.ts';
import { saveFile } from '../lib/save-file.ts';
import { apiOf, page } from '../lib/paths.ts';
import { WriteButton } from './writing.tsx';
import { Head, Nothing, Pager, Panel, Table, Time } from './parts.tsx';

export const FAILURES_SIZE = 10;

/** A bar with the done, the failed and the missing part, and the same in words. */
export function Progress({ progress }: { progress: ProgressView }) {
  const { done, failed, total, soFar, unit } = progress;
  const all = total ?? soFar;
  if (all === 0) return null;
  const width = (n: number): number => (100 * Math.min(n, all)) / all;
  return (
    <div class="progress">
      <svg
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${count(done)} of ${count(all)} ${unit} done, ${count(failed)} failed`}
      >
        <rect class="meter-all" width="100" height="6" />
        <rect class="meter-part" width={width(done)} height="6" />
        <rect class="meter-failed" x={width(done - failed)} width={width(failed)} height="6" />
      </svg>
      <p>
        <b>{count(done)}</b> of {count(all)} {unit} done
        {total === undefined ? ' so far' : ` (${percent(done / all)})`}
        {failed > 0 && (
          <>
            , <b class="failed">{count(failed)} failed</b>
          </>
        )}
        <Pace progress={progress} />
      </p>
    </div>
  );
}

function Pace({ progress: { rate, remaining, total, done } }: { progress: ProgressView }) {
  if (done === total || rate === 0) return null;
  const a = rate >= 10 ? compact(rate) : String(Number(rate.toPrecision(2)));
  return (
    <span class="faint">
      , {a} a second{remaining !== undefined && `, about ${duration(remaining)} left`}
    </span>
  );
}

/** What is wrong with a job, and for how long. */
export function Notices({ notices, now }: { notices: readonly NoticeView[]; now: number }) {
  if (notices.length === 0) return null;
  return (
    <ul class="notices">
      {notices.map(({ kind, text, since, deadline }) => (
        <li key={text} class={kind}>
          {text}
          {since !== undefined && now - since >= SHOWN_MS && (
            <span class="faint">, for {duration(now - since)}</span>
          )}
          {deadline !== undefined && (
            <span>
              , {deadline.what} at <Time at={deadline.at} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Milliseconds from which on a duration is shown. */
const SHOWN_MS = 5_000;

/** The batches that the master tells about. */
/** @param name the job, whose batches can be cancelled; undefined if it has ended */
export function ReportedBatches(props: { name: string | undefined; batches: readonly ReportedBatchView[] }) {
  const { name: sleigh, batches } = props;
  return (
    <Table
      caption="Progress of each batch"
      head={
        <>
          <Head>Batch</Head>
          <Head>Function</Head>
          <Head number>Done</Head>
          <Head number>of</Head>
          <Head number>Failed</Head>
          <Head>Began</Head>
          <Head>Ended</Head>
        </>
      }
    >
      {batches.map(({ id, module, function: name, total, read, done, failed, began, ended }) => (
        <tr key={id}>
          <th scope="row">{id}</th>
          <td class="wide" title={module}>
            <code>{name === 'default' ? lastPart(module) : name}</code>
          </td>
          <td class="number">{count(done)}</td>
          <td class="number">{total === undefined ? `${count(read)} so far` : count(total)}</td>
          <td class="number">{failed > 0 ? <b class="failed">{count(failed)}</b> : '0'}</td>
          <td>
            <Time at={began} />
          </td>
          <td>
            <BatchEnd sleigh={sleigh} id={id} ended={ended} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function BatchEnd(props: { sleigh: string | undefined; id: string; ended: number | undefined }) {
  const { sleigh, id, ended } = props;
  if (ended !== undefined) return <Time at={ended} />;
  if (sleigh === undefined) return <span class="faint">did not end</span>;
  return (
    <span class="row-actions">
      <span class="faint">runs</span>
      <WriteButton
        label="Cancel"
        method="POST"
        path={apiOf(`${page.sleigh({ name: sleigh })}/batches/${encodePart(id)}/cancel`)}
        question={
          <>
            The master cancels batch <b>{id}</b>: no more of its elements are called, and the program that
            waits for their results gets an error.
          </>
        }
        sure="Cancel it"
        onDone={() => undefined}
      />
    </span>
  );
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The failed elements that the master tells about: by message, then one by one. */
export function FailedElements(props: {
  reading: Reading<FailedElementsView>;
  failed: number;
  /** The path of the page of the job. */
  path: string;
  /** For the file with the failures. */
  name: string;
}) {
  const { reading, failed, path, name } = props;
  const { data } = reading;
  if (data === undefined || failed === 0) return null;
  const { total, groups, items, from } = data;
  return (
    <Panel
      title="Failed elements"
      note={
        <button type="button" onClick={() => void download(path, name)}>
          Download as JSON lines
        </button>
      }
    >
      {total === 0 ? (
        <Nothing>The master of this job tells nothing about its failed elements.</Nothing>
      ) : (
        <>
          <ul class="groups">
            {groups.map(({ code, message, count: n }) => (
              <li key={`${code} ${message}`}>
                <b class="failed">{count(n)}</b> <span class="chip">{code}</span> <code>{message}</code>
              </li>
            ))}
          </ul>
          {total < failed && (
            <p class="note">
              The newest {count(total)} of {plural(failed, 'failed element')} are kept.
            </p>
          )}
          <Table
            caption="Failed elements, the newest first"
            head={
              <>
                <Head>When</Head>
                <Head number>Element</Head>
                <Head>Input</Head>
                <Head>Error</Head>
                <Head>Worker</Head>
                <Head number>Attempts</Head>
              </>
            }
          >
            {items.map((failure) => (
              <FailedRow key={`${failure.batch} ${failure.index}`} failure={failure} />
            ))}
          </Table>
          <Pager total={total} from={from} size={FAILURES_SIZE} name="failed elements" parameter="failed" />
        </>
      )}
    </Panel>
  );
}

function FailedRow({ failure }: { failure: FailedElementView }) {
  const { batch, index, element, message, stack, worker, host, attempts, at } = failure;
  return (
    <tr>
      <td>
        <Time at={at} />
      </td>
      <th scope="row" class="number" title={`batch ${batch}`}>
        {count(index)}
      </th>
      <td class="wide">{element === undefined ? <span class="faint">none</span> : <code>{element}</code>}</td>
      <td class="wide">
        <details>
          <summary>{message}</summary>
          <pre>{stack}</pre>
        </details>
      </td>
      <td>
        {worker === undefined ? (
          <span class="faint">none</span>
        ) : (
          `${worker}${host === undefined ? '' : ` on ${host}`}`
        )}
      </td>
      <td class="number">{attempts}</td>
    </tr>
  );
}

/** All kept failures, one JSON object on each line. */
async function download(path: string, name: string): Promise<void> {
  const response = await fetch(apiOf(`${path}/failures`, { count: 1_000 }));
  const all: FailedElementsView = JSON.parse(await response.text());
  const lines = all.items.map((failure) => `${JSON.stringify(failure)}\n`);
  saveFile(`${name}-failures.jsonl`, 'application/jsonl', lines);
}
