import type { Worker } from '../sleigh/agents.ts';
import { titleOf } from './names.ts';
import type { RankHistory } from './rank-types.ts';

/** @returns the history of the workers of a rank; undefined if no sentinel supervises them (S19) */
export function rankHistory({ sentinel, former, end }: Worker): RankHistory | undefined {
  if (sentinel.session === undefined) return undefined;
  const last = end ?? former?.end;
  return {
    replacements: former?.count ?? 0,
    lastEnd: last && {
      why: titleOf(last.why),
      how: titleOf(last.how ?? ''),
      lastWords: (last.lastWords ?? '').split('\n').map(titleOf).join('\n').trimEnd(),
    },
  };
}
