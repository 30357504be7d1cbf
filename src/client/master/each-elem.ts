import { Batch } from './batch.ts';
import type { FunctionName } from './fixed-arguments.ts';
import { followCrew } from './follow-crew.ts';
import { forgetWhenSettled, listenTo, metadataOf, type MasterJob } from './master-job.ts';
import { LEAVES, type StageOptions } from './left-element.ts';
import { NamedBatch, refuseIfCancelled } from './named-batch.ts';
import { isArrayBuffer } from 'node:util/types';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Lending } from '../values/lending.ts';
import { TaskGroup } from './task-group.ts';
import { USAGE } from '../errors/usage.ts';
import { typeError } from '../../wire/error-kind.ts';
import { checkOptions } from '../options/checked-options.ts';
import { checkElements, checkTask, EACH_ELEM } from '../options/option-rules.ts';
import type { EachElemOptions } from '../options/sleigh-options.ts';

const LOAD_FACTOR = 8;

/** The arguments of `eachElem`, without their types. */
export type BeginArguments = readonly [
  task: FunctionName,
  elements: AsyncIterable<unknown> | Iterable<unknown>,
  options?: EachElemOptions & StageOptions & { readonly fixedArgs?: unknown },
];

/** Begins the batch of `eachElem`. */
export async function beginBatch(
  job: MasterJob,
  ...[task, elements, options = {}]: BeginArguments
): Promise<Batch> {
  checkTask(task);
  checkElements(elements);
  checkOptions('eachElem', options, EACH_ELEM);
  const { ordered = true, onProgress, signal, onAbort = 'ask' } = options;
  if (options.transfer !== undefined && (options.retry !== undefined || options.name !== undefined))
    throw typeError(USAGE.transferOnce());
  signal?.throwIfAborted();
  const metadata = await metadataOf(job, task, options);
  job.end.throwIfDecided();
  const { dispatcher } = job;
  const named = options.name === undefined ? undefined : await namedBatch(job, options.name);
  const id = job.nextBatch();
  const batch = new Batch({
    id,
    elements,
    group: named === undefined ? groupOf(job, metadata, options) : groupOfNamed(named, metadata, options),
    isOrdered: ordered,
    marks: dispatcher.marks,
    onAbort,
    onProgress,
    retry: options.retry,
    ratePerSecond: options.ratePerSecond,
    clock: job.lines.platform.clock,
    report: dispatcher.reports.begin(id, task),
    lend: named === undefined ? lendBy(job, options.transfer) : undefined,
    leaves: options[LEAVES] === true ? job.left : undefined,
    onTaken: () => named?.forget(),
    onCancelledOnPage: () => named?.cancelledOnPage(),
  });
  if (named !== undefined)
    void batch.settled.then(() => {
      named.close();
      // What was cancelled is not delivered again.
      if (batch.isCancelled) named.forget();
    });
  addToDispatcher(job, batch);
  listenTo(job, batch, options);
  forgetWhenSettled(job, batch, metadata, signal);
  return batch;
}

/** What names the memory of an element that is shared, or that the program moves (S36). */
function lendBy(
  { memory }: MasterJob,
  transfer: EachElemOptions['transfer'],
): (element: unknown) => Lending | undefined {
  if (transfer === undefined) return () => memory.lending();
  return (element) => {
    const moved: unknown = transfer(unsafeCast<never>(element));
    if (!Array.isArray(moved) || !moved.every((each) => isArrayBuffer(each)))
      throw typeError(USAGE.badTransfer());
    return memory.lending(moved);
  };
}

async function namedBatch(job: MasterJob, name: string): Promise<NamedBatch> {
  const { lines, workspace, dispatcher, isElastic, end } = job;
  if (!isElastic) throw typeError(USAGE.nameNeedsElastic());
  const options = { lines, workspace, dispatcher, name };
  await refuseIfCancelled(options);
  end.throwIfDecided();
  return new NamedBatch(options);
}

/** Its elements do not share tasks, because each has a key of its own. */
const groupOfNamed = (
  sender: NamedBatch,
  metadata: ReadonlyMap<string, string>,
  { loadFactor = LOAD_FACTOR }: Pick<EachElemOptions, 'loadFactor'>,
): TaskGroup => new TaskGroup({ sender, metadata, loadFactor, chunkSize: 1 });

/** The group that sends the elements of calls with these options. */
export function groupOf(
  { dispatcher }: MasterJob,
  metadata: ReadonlyMap<string, string>,
  {
    loadFactor = LOAD_FACTOR,
    chunkSize = 'auto',
    transfer,
  }: Pick<EachElemOptions, 'loadFactor' | 'chunkSize' | 'transfer'> = {},
): TaskGroup {
  return dispatcher.group({
    metadata,
    loadFactor,
    // If a task has only one attempt, or its failure ends the job, elements do not share tasks, so that none is
    // blamed for another.
    // Neither do those whose memory is moved, which cannot be called again.
    chunkSize: transfer !== undefined || (chunkSize === 'auto' && !dispatcher.mayRepeat) ? 1 : chunkSize,
  });
}

/** From now on it learns of the end of the job. */
export function addToDispatcher(
  { dispatcher, lines, workspace, isElastic }: MasterJob,
  calls: Parameters<MasterJob['dispatcher']['add']>[0],
): void {
  const wasBusy = dispatcher.isBusy;
  dispatcher.add(calls);
  if (isElastic && !wasBusy) void followCrew(dispatcher, lines, workspace);
}
