import { useEffect, useRef, useState } from 'preact/hooks';
import { follow, readingOf } from './feeds.ts';
import { LOADING, read, type Reading } from './reading.ts';

/**
 * A view that is kept up to date. While another path loads (the next part of a list, another step), the previous view
 * stays, so that the page does not jump.
 *
 * @param path undefined while there is nothing to show
 * @param how `once` if the response never changes: a step of a trace, the machines. Then one request is sent at a
 *   time, however fast the path changes, and the last path is always requested.
 */
export function useView<T>(path: string | undefined, how: 'stream' | 'once' = 'stream'): Reading<T> {
  const [reading, setReading] = useState<Reading<T>>(LOADING);
  const wanted = useRef<string | undefined>(undefined);
  const isAsking = useRef(false);

  useEffect(() => {
    const show = ({ data: text, ...rest }: Reading<string>): void =>
      setReading((before) => {
        // views/types.ts declares the type of each path.
        const data: T | undefined = text === undefined ? undefined : JSON.parse(text);
        return { ...rest, data: rest.status === 'missing' ? undefined : (data ?? before.data) };
      });
    if (path === undefined) {
      setReading(LOADING);
      return undefined;
    }
    if (how === 'stream') {
      show(readingOf(path));
      return follow(path, () => show(readingOf(path)));
    }
    wanted.current = path;
    if (!isAsking.current) void ask();
    return () => {
      wanted.current = undefined;
    };

    async function ask(): Promise<void> {
      isAsking.current = true;
      let asked: string | undefined;
      while (wanted.current !== undefined && wanted.current !== asked) {
        asked = wanted.current;
        const next = await read(asked);
        if (wanted.current !== undefined) show(next);
        if (next.status === 'lost' || next.status === 'failed') {
          await new Promise((resolve) => setTimeout(resolve, 1000));
          asked = undefined;
        }
      }
      isAsking.current = false;
    }
  }, [path, how]);
  return reading;
}

/** Milliseconds since a view arrived, updated each second, for durations that continue between two updates. */
export function useAge({ at, status }: Reading<unknown>): number {
  const [now, setNow] = useState(() => performance.now());
  const isLive = status === 'live';
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, [isLive]);
  return Math.max(0, now - at);
}
