import type { RankHistory, WorkerEndView } from '../../views/rank-types.ts';
import type { WorkerView } from '../../views/types.ts';
import { plural } from './format.ts';

/** `died: exit status 1`. */
export const endOf = ({ why, how }: WorkerEndView): string => (how === '' ? why : `${why}: ${how}`);

export const replacedTimes = ({ replacements }: RankHistory): string =>
  `replaced ${plural(replacements, 'time')}`;

/**
 * Why a worker has ended. The sentinel knows more about it than the server.
 * @param reason the reason that the server has
 */
export const reasonOf = ({ rankHistory }: WorkerView, reason: string | undefined): string | undefined =>
  rankHistory?.lastEnd === undefined ? reason : endOf(rankHistory.lastEnd);
