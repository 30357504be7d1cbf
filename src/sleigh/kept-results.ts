import { KEY } from '../wire/names.ts';
import type { Metadata } from '../wire/payload.ts';
import { isRefusal } from '../workspace/refusal.ts';
import type { Value } from '../workspace/value.ts';
import type { Variable } from '../workspace/variable.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** The variable in which the result of a task is kept, and the key of the task there. */
export interface Keeping {
  readonly variable: string;
  readonly key: string;
}

/** @returns undefined for a task whose result goes to its batch or mailbox */
export function keepingOf(metadata: Metadata): Keeping | undefined {
  const variable = metadata.get(KEY.keepIn);
  const key = metadata.get(KEY.keepAs);
  return variable === undefined || key === undefined ? undefined : { variable, key };
}

/**
 * Results that stay in a variable of the workspace, so that a master that was started again finds them, and the keys of
 * the tasks that have or will have one (S29).
 */
export class KeptResults {
  readonly #workspace: Workspace;
  /** The keys of queued and running tasks, by variable. */
  readonly #underWay = new Map<string, Set<string>>();
  /** The keys of the values of a variable. They are forgotten with it. */
  readonly #done = new WeakMap<Variable, Set<string>>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Whether a task with that key is queued or running, or has its result. */
  knows({ variable, key }: Keeping): boolean {
    return this.#underWay.get(variable)?.has(key) === true || this.#doneIn(variable)?.has(key) === true;
  }

  #doneIn(name: string): Set<string> | undefined {
    const variable = this.#workspace.find(name);
    if (variable === undefined) return undefined;
    let done = this.#done.get(variable);
    if (done !== undefined) return done;
    const present = variable.values(0, variable.behaviour.counts.values);
    // A leased value may return (V13.2).
    const leased = [...variable.leasePlace.leases].map(({ value }) => value);
    done = new Set([...present, ...leased].map(({ metadata }) => metadata.get(KEY.keepAs) ?? ''));
    this.#done.set(variable, done);
    return done;
  }

  /** A task is queued, or was taken up after a restart. */
  began(metadata: Metadata): void {
    const keeping = keepingOf(metadata);
    if (keeping === undefined) return;
    const { variable, key } = keeping;
    const keys = this.#underWay.get(variable);
    if (keys === undefined) this.#underWay.set(variable, new Set([key]));
    else keys.add(key);
  }

  /** A task is answered or given up. */
  ended(metadata: Metadata): void {
    const keeping = keepingOf(metadata);
    if (keeping === undefined) return;
    const keys = this.#underWay.get(keeping.variable);
    keys?.delete(keeping.key);
    if (keys?.size === 0) this.#underWay.delete(keeping.variable);
  }

  /** Keeps a result. */
  add({ variable: name, key }: Keeping, result: Value): void {
    const variable = this.#workspace.variable(name);
    const outcome = variable.store(result, undefined);
    if (isRefusal(outcome)) this.#workspace.accounting.release(result);
    else this.#doneIn(name)?.add(key);
  }
}
