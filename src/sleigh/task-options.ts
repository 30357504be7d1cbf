import { KEY } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import type { Metadata } from '../wire/payload.ts';
import { JOB } from '../wire/refusals.ts';
import { refusal, type Refusal } from '../workspace/refusal.ts';

/** Whose task it is in the queue: shares of the same priority take turns (S28). */
export interface Share {
  readonly name: string;
  readonly priority: number;
}

/** The share of tasks that name none. */
export const NO_SHARE: Share = { name: '', priority: 0 };

/** The options of one task, from its metadata. */
export interface TaskOptions {
  /** The number of attempts that it specifies itself (S19). */
  readonly maxAttempts: number | undefined;
  readonly share: Share;
}

/** The largest priority; the smallest is its negative. */
const MAX_PRIORITY = 1_000;

/** The options of a task that its metadata contain (S19, S28). */
export function readTaskOptions(metadata: Metadata): TaskOptions | Refusal {
  const attempts = metadata.get(KEY.maxAttempts);
  const maxAttempts = attempts === undefined ? undefined : parseWhole(attempts);
  if (attempts !== undefined && (maxAttempts === undefined || maxAttempts < 1))
    return refusal(JOB.badAttempts(attempts));
  const name = metadata.get(KEY.share);
  const urgency = metadata.get(KEY.priority);
  if (name === undefined && urgency === undefined) return { maxAttempts, share: NO_SHARE };
  const priority = parseWhole(urgency ?? '0');
  if (priority === undefined || Math.abs(priority) > MAX_PRIORITY)
    return refusal(JOB.badPriority(urgency ?? '', MAX_PRIORITY));
  return { maxAttempts, share: { name: name ?? '', priority } };
}
