import { KEY } from '../../wire/names.ts';
import { typeError } from '../../wire/error-kind.ts';
import { BroadcastResults } from './broadcast-results.ts';
import type { FunctionName } from './fixed-arguments.ts';
import { forgetWhenSettled, type MasterJob } from './master-job.ts';
import { USAGE } from '../errors/usage.ts';
import { checkOptions } from '../options/checked-options.ts';
import { checkTask, EACH_WORKER } from '../options/option-rules.ts';
import type { EachWorkerOptions } from '../options/sleigh-options.ts';
import type { Outcome } from '../task/outcome.ts';
import type { Outcome as AnyOutcome } from '../task/outcomes.ts';
import { callSite } from '../task/stacks.ts';
import { unsafeCast } from '../unsafe-cast.ts';

/** Makes the calls of `eachWorker`. */
export async function callEachWorker(
  job: MasterJob,
  task: FunctionName,
  argument: unknown,
  options: Omit<EachWorkerOptions, 'onLate'> & {
    readonly fixedArgs?: unknown;
    readonly onLate?: ((outcome: AnyOutcome<never>) => void) | undefined;
  } = {},
): Promise<Outcome[]> {
  const calledFrom = callSite();
  checkTask(task);
  checkOptions('eachWorker', options, EACH_WORKER);
  const { signal, reach, errors = 'throw', onAbort = 'ask', onLate } = options;
  signal?.throwIfAborted();
  if (reach !== undefined && !job.isElastic) throw typeError(USAGE.reachNeedsElastic());
  const metadata = await job.fixedArguments.metadataOf(task, options);
  metadata.set(KEY.everyone, '1');
  if (reach !== undefined) metadata.set(KEY.reach, reach);
  job.end.throwIfDecided();
  const { lines, workspace, dispatcher, memory } = job;
  const id = job.nextBatch();
  const isLasting = reach === 'all';
  const report = dispatcher.reports.begin(id, task);
  const details = { lines, workspace, dispatcher, id, onAbort, calledFrom, isLasting, report, memory };
  const results = await BroadcastResults.ask(argument, metadata, details).catch((error: unknown) => {
    report.ended();
    throw error;
  });
  results.onLate = (outcome) => onLate?.(unsafeCast(outcome));
  forgetWhenSettled(job, results, metadata, signal);
  try {
    return await results.present(errors);
  } catch (error) {
    results.cancel(error);
    throw error;
  }
}
