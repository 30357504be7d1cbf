/** How far a job is, and what failed. */
import type { NoticeView, ProgressView, ReportedBatchView } from '../../views/progress-types.ts';
import { encodePart } from '../../views/path-part.ts';
import { compact, count, duration, percent } from '../lib/format.ts';
import { apiOf, page } from '../lib/paths.ts';
import { WriteButton } from './writing.tsx';
import { Head, Table, Time } from './parts.tsx';

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
