import type { RankHistory } from '../../views/rank-types.ts';
import { endOf } from '../lib/rank-history.ts';
import { Nothing } from './parts.tsx';

/** How the last worker of a rank ended, as its sentinel reported it. */
export function LastEnd({ history: { lastEnd } }: { history: RankHistory }) {
  if (lastEnd === undefined) return <Nothing>No worker of this rank has ended yet.</Nothing>;
  return (
    <div class="last-end">
      <p>
        The last worker ended, <b>{endOf(lastEnd)}</b>.
      </p>
      {lastEnd.lastWords !== '' && (
        <pre aria-label="Its last words" class="last-words">
          {lastEnd.lastWords}
        </pre>
      )}
    </div>
  );
}
