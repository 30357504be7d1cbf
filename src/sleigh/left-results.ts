import { BOUNDS } from '../wire/bounds.ts';
import { KEY } from '../wire/names.ts';
import { sizeOf, type Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import { isRefusal } from '../workspace/refusal.ts';
import type { Value } from '../workspace/value.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { isFailure } from './results.ts';

/**
 * Leaves a large result in a new variable of the workspace, if its task asks for that (S34).
 * @param task the metadata of the task
 * @returns what goes to the batch or mailbox: the result itself, or an empty one that says that the value was left
 */
export function leaveResult(workspace: Workspace, task: Metadata, result: Value): Value {
  const name = task.get(KEY.leaveIn);
  if (name === undefined || isFailure(result.metadata)) return result;
  const bytes = sizeOf(result.payload);
  if (bytes < BOUNDS.leftResultBytes.value) return result;
  const { owner } = result;
  const isTaken = workspace.find(name) !== undefined;
  if (isTaken || workspace.accounting.nameRefusal(name, owner) !== undefined) return result;
  const variable = workspace.define(name, { hidden: true, owner });
  variable.declare('single');
  if (isRefusal(variable.store(result, undefined))) return result;
  const metadata = new Map(result.metadata).set(KEY.left, String(bytes));
  return { descriptor: TEXT_DESCRIPTOR, payload: '', metadata, owner };
}
