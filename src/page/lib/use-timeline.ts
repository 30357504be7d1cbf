import { useEffect, useRef, useState } from 'preact/hooks';
import type { TimelineView } from '../../views/timeline-types.ts';
import { withQuery, type Query } from './paths.ts';
import { read, type Reading } from './reading.ts';
import { TimelineData } from './timeline-data.ts';

const AGAIN_MS = 1_000;

/**
 * The timeline of a job, which is read in parts.
 * @param isLive whether more tasks are to come
 * @returns the data, the state of the last request, and a number that changes with the data
 */
export function useTimeline(
  path: string,
  query: Query,
  isLive: boolean,
): { data: TimelineData; status: Reading<unknown>['status']; version: number } {
  const data = useRef(new TimelineData());
  const [{ status, version }, setState] = useState<{ status: Reading<unknown>['status']; version: number }>({
    status: 'loading',
    version: 0,
  });
  const { scope } = query;
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    data.current = new TimelineData();
    const ask = async (): Promise<void> => {
      const { nextTask, nextMark } = data.current;
      const { data: text, status } = document.hidden
        ? { data: undefined, status: undefined }
        : await read(withQuery(path, { scope, tasks: nextTask, marks: nextMark }));
      if (isOver) return;
      const view: TimelineView | undefined = text === undefined ? undefined : JSON.parse(text);
      const hasMore = view !== undefined && data.current.take(view, performance.now());
      if (status !== undefined) setState(({ version }) => ({ status, version: version + 1 }));
      if (hasMore) return ask();
      if (isLive || view === undefined) timer = setTimeout(() => void ask(), AGAIN_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path, scope, isLive]);
  return { data: data.current, status, version };
}
