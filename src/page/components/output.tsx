/** The lines that workers wrote, the newest last. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { OutputLine, OutputView } from '../../views/running-types.ts';
import { count, plural } from '../lib/format.ts';
import { apiOf, page } from '../lib/paths.ts';
import { goQuery } from '../lib/router.ts';
import { useView } from '../lib/use-view.ts';
import { Nothing, Panel, Time } from './parts.tsx';

/** The number of lines that are shown. */
const LINES = 300;
/** Pixels from the end at which the list still counts as at its end. */
const AT_END = 40;

interface OutputProps {
  readonly sleigh: string;
  /** Undefined for all workers. */
  readonly rank: number | undefined;
  readonly search: string;
}

export function Output({ sleigh, rank, search }: OutputProps) {
  const path = apiOf(`${page.sleigh({ name: sleigh })}/output`, { rank, search, count: LINES });
  const { data } = useView<OutputView>(path);
  const [follows, setFollows] = useState(true);
  const list = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const lines = data?.lines ?? [];
  useEffect(() => {
    const { current } = list;
    if (follows && current !== null) current.scrollTop = current.scrollHeight;
  }, [data, follows]);
  const onScroll = (): void => {
    const { current } = list;
    if (current === null) return;
    const { scrollTop, scrollHeight, clientHeight } = current;
    // New lines move the end away; only the user scrolls up.
    if (scrollTop < lastTop.current) setFollows(false);
    if (scrollHeight - scrollTop - clientHeight < AT_END) setFollows(true);
    lastTop.current = scrollTop;
  };
  return (
    <Panel
      title="Output"
      note={
        data !== undefined && data.total > lines.length
          ? `the newest ${count(lines.length)} of ${count(data.total)} lines`
          : plural(lines.length, 'line')
      }
    >
      <div class="output-tools">
        <label class="search">
          <span class="hidden">Search in the output</span>
          <input
            type="search"
            placeholder="Search in the output"
            value={search}
            onInput={({ currentTarget }) => goQuery({ search: currentTarget.value }, 'replace')}
          />
        </label>
        <label class="check">
          <input type="checkbox" checked={follows} onChange={() => setFollows(!follows)} /> follow
        </label>
      </div>
      {lines.length === 0 ? (
        <Nothing>
          {search === ''
            ? 'Nothing has been written yet. Workers of this project’s client appear here with what they write to standard output and error.'
            : `No line contains “${search}”.`}
        </Nothing>
      ) : (
        <div class="output" role="log" aria-label="Output" tabIndex={0} ref={list} onScroll={onScroll}>
          {lines.map((line, i) => (
            <Line key={(data?.total ?? 0) - lines.length + i} line={line} withRank={rank === undefined} />
          ))}
        </div>
      )}
    </Panel>
  );
}

function Line({
  line: { time, rank, host, isError, text },
  withRank,
}: {
  line: OutputLine;
  withRank: boolean;
}) {
  return (
    <p class={isError ? 'error' : undefined}>
      <span class="output-head">
        <Time at={time} />
        {withRank && rank !== undefined && <b title={host}>{rank}</b>}
        {isError && <span class="output-kind">error</span>}
      </span>
      <span class="output-text">{text}</span>
    </p>
  );
}
