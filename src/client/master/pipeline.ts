import { typeError } from '../../wire/error-kind.ts';
import { USAGE } from '../errors/usage.ts';
import type { EachElemOptions } from '../options/sleigh-options.ts';
import type { Task } from '../task/task.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { LEAVES } from './left-element.ts';
import { Results } from './results.ts';

/** What calls a function for each element: a Sleigh, or a SleighPool. */
interface Caller {
  eachElem<Element, Result>(
    task: Task<Element, Result>,
    elements: AsyncIterable<Element> | Iterable<Element>,
    options?: EachElemOptions<'throw'>,
  ): Results<Result>;
}

/** A stage of a pipeline: a function, with the options of its batch if it has any. */
export type Stage<Element = never, Result = unknown> =
  | Task<Element, Result>
  | (EachElemOptions<'throw'> & {
      readonly task: Task<Element, Result, never>;
      readonly fixedArgs?: unknown;
    });

/**
 * Calls several functions for each element, one after another, each with the result of the one before. All stages run at
 * once, and each has a limited number of elements under way (`loadFactor`), so an endless input needs little memory.
 *
 * ```ts
 * for await (const page of pipeline(sleigh, urls, [load, { task: render, priority: 1 }])) console.log(page);
 * ```
 *
 * A large result stays at the server, and the worker of the next stage gets it from there (S35.5).
 *
 * @param sleigh a Sleigh or a SleighPool
 * @returns the results of the last stage, as of `eachElem`; an element that fails in any stage ends the pipeline
 * @throws TypeError if there is no stage
 */
export function pipeline<A, Z>(
  sleigh: Caller,
  elements: Elements<A>,
  stages: readonly [Stage<A, Z>],
): Results<Z>;
export function pipeline<A, B, Z>(
  sleigh: Caller,
  elements: Elements<A>,
  stages: readonly [Stage<A, B>, Stage<NoInfer<B>, Z>],
): Results<Z>;
export function pipeline<A, B, C, Z>(
  sleigh: Caller,
  elements: Elements<A>,
  stages: readonly [Stage<A, B>, Stage<NoInfer<B>, C>, Stage<NoInfer<C>, Z>],
): Results<Z>;
export function pipeline(
  sleigh: Caller,
  elements: Elements<unknown>,
  stages: readonly Stage[],
): Results<unknown> {
  let input = elements;
  const all = stages.map((stage) => ('task' in stage ? stage : { task: stage }));
  for (const [at, { task, ...options }] of all.entries()) {
    const next = all[at + 1];
    const leaves = { [LEAVES]: next !== undefined && mayLeave(options, next) };
    input = sleigh.eachElem(unsafeCast<Task>(task), input, { ...options, ...leaves });
  }
  if (!(input instanceof Results) || stages.length === 0) throw typeError(USAGE.noStages());
  return input;
}

/** Results with names stay in variables of their own (S29), and memory of an element is moved by the program (S36.2). */
const mayLeave = (
  stage: Pick<EachElemOptions, 'name'>,
  next: Pick<EachElemOptions, 'name' | 'transfer'>,
): boolean => stage.name === undefined && next.name === undefined && next.transfer === undefined;

type Elements<Element> = AsyncIterable<Element> | Iterable<Element>;
