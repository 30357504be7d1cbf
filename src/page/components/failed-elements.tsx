import type { ComponentChildren } from 'preact';
import { useContext, useState } from 'preact/hooks';
import type { FailedElementsView, FailedElementView, RetryView } from '../../views/progress-types.ts';
import { encodePart } from '../../views/path-part.ts';
import { count, plural } from '../lib/format.ts';
import { apiOf } from '../lib/paths.ts';
import type { Reading } from '../lib/reading.ts';
import { saveFile } from '../lib/save-file.ts';
import { Head, Nothing, Pager, Panel, Table, Time } from './parts.tsx';
import { WritableContext } from '../lib/writing.ts';
import { WriteButton } from './writing.tsx';

export const FAILURES_SIZE = 10;

/** The failed elements that the master tells about: by message, then one by one. */
export function FailedElements(props: {
  reading: Reading<FailedElementsView>;
  failed: number;
  /** The path of the page of the job. */
  path: string;
  /** For the file with the failures. */
  name: string;
  /** The batches that have not ended: their failed elements can be called again. */
  running: ReadonlySet<string>;
}) {
  const { reading, failed, path, name, running } = props;
  const [asked, setAsked] = useState<RetryView | undefined>(undefined);
  const isWritable = useContext(WritableContext);
  const { data } = reading;
  if (data === undefined || (failed === 0 && asked === undefined)) return null;
  const { total, groups, items, from } = data;
  const mayAsk = isWritable && running.size > 0;
  return (
    <Panel
      title="Failed elements"
      note={
        <span class="row-actions">
          {mayAsk && total > 0 && (
            <Retry
              label="Try all again"
              path={`${path}/failures/retry`}
              what={`all ${plural(total, 'failed element')} of the batches that run`}
              onAsked={setAsked}
            />
          )}
          <button type="button" onClick={() => void download(path, name)}>
            Download as JSON lines
          </button>
        </span>
      }
    >
      <p class="note" role="status">
        {asked !== undefined && answerOf(asked)}
      </p>
      {total === 0 ? (
        <Nothing>
          {failed === 0
            ? 'None: those that had failed are called again, or have succeeded.'
            : 'The master of this job tells nothing about its failed elements.'}
        </Nothing>
      ) : (
        <>
          <ul class="groups">
            {groups.map(({ id, code, message, count: n }) => (
              <li key={id}>
                <b class="failed">{count(n)}</b> <span class="chip">{code}</span> <code>{message}</code>
                {mayAsk && (
                  <Retry
                    label="Try again"
                    path={`${path}/failures/${id}/retry`}
                    what={`${n === 1 ? 'the failed element' : `the ${count(n)} failed elements`} with this message`}
                    onAsked={setAsked}
                  />
                )}
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
                {mayAsk && <Head>Again</Head>}
              </>
            }
          >
            {items.map((failure) => (
              <FailedRow
                key={`${failure.batch} ${failure.index}`}
                failure={failure}
                again={
                  mayAsk && (
                    <td>
                      <Again
                        failure={failure}
                        path={path}
                        isRunning={running.has(failure.batch)}
                        onAsked={setAsked}
                      />
                    </td>
                  )
                }
              />
            ))}
          </Table>
          <Pager total={total} from={from} size={FAILURES_SIZE} name="failed elements" parameter="failed" />
        </>
      )}
    </Panel>
  );
}

const answerOf = ({ asked, tooLate }: RetryView): string =>
  `The master was asked to call ${plural(asked, 'element')} again.` +
  (tooLate === 0 ? '' : ` For ${count(tooLate)} it is too late, because their batch has ended.`);

/** Asks the master to call failed elements again. */
function Retry(props: { label: string; path: string; what: string; onAsked: (asked: RetryView) => void }) {
  const { label, path, what, onAsked } = props;
  return (
    <WriteButton<RetryView>
      label={label}
      method="POST"
      path={apiOf(path)}
      question={
        <>
          The master calls {what} again. What they return replaces the failure, where the program does not
          have it yet.
        </>
      }
      sure="Try again"
      isHarmless
      onDone={onAsked}
    />
  );
}

/** What can be done about one failed element. */
function Again(props: {
  failure: FailedElementView;
  path: string;
  isRunning: boolean;
  onAsked: (asked: RetryView) => void;
}) {
  const { failure, path, isRunning, onAsked } = props;
  const { batch, index, isTooLate } = failure;
  if (isTooLate) return <span class="faint">too late: the program has its failure</span>;
  if (!isRunning) return <span class="faint">too late: its batch has ended</span>;
  return (
    <Retry
      label="Try again"
      path={`${path}/batches/${encodePart(batch)}/failures/${index}/retry`}
      what={`element ${count(index)}`}
      onAsked={onAsked}
    />
  );
}

function FailedRow({ failure, again }: { failure: FailedElementView; again: ComponentChildren }) {
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
      {again}
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
